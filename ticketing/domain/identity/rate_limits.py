"""Where a caller stands with a rate policy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """What is left of a policy's quota; `reset_s` is until there is more room again."""

    policy: str
    quota: int
    window_s: int
    granted: bool
    remaining: int
    reset_s: int

"""What is kept of a request that came with an Idempotency-Key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

LIFETIME = timedelta(hours=24)

Scope = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it went out, to go out again byte for byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """The answer to the first request with this key, for 24 hours.

    `caller` and `key` are two fields, since joined they could collide. `fingerprint` tells whether
    a later request is the same one.
    """

    caller: str
    key: str
    fingerprint: str
    answer: Answer

    @property
    def scope(self) -> Scope:
        """Whose key it is, and which."""
        return self.caller, self.key

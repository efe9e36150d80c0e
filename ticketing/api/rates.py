"""How a rate policy is told: the IETF draft "RateLimit header fields for HTTP" (draft-10).

Times are seconds from now.
"""

from __future__ import annotations

from collections.abc import Mapping

from ticketing.domain.standing import Standing


def fields(standing: Standing) -> Mapping[str, str]:
    """Return the header fields that tell where a caller stands."""
    policy = f'"{standing.policy}"'
    told = {
        "RateLimit-Policy": f"{policy};q={standing.quota};w={standing.window_s}",
        "RateLimit": f"{policy};r={standing.remaining};t={standing.reset_s}",
    }
    return told if standing.granted else {**told, "Retry-After": str(max(1, standing.reset_s))}

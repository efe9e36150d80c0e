"""How a rate policy is written: the IETF draft "RateLimit header fields for HTTP" (draft-10).

Times are seconds from now.
"""

from __future__ import annotations

from collections.abc import Mapping

from ticketing.domain.identity.rate_limits import RateLimitStatus


def fields(standing: RateLimitStatus) -> Mapping[str, str]:
    """Return the header fields that tell where a caller stands."""
    policy = f'"{standing.policy}"'
    to_response = {
        "RateLimit-Policy": f"{policy};q={standing.quota};w={standing.window_s}",
        "RateLimit": f"{policy};r={standing.remaining};t={standing.reset_s}",
    }
    return (
        to_response
        if standing.granted
        else {**to_response, "Retry-After": str(max(1, standing.reset_s))}
    )

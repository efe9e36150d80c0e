"""Rates: how often something may be asked for."""

from __future__ import annotations

import limits
from limits import RateLimitItem
from marshmallow import ValidationError

# By policy. Reads are for people who look at a page, writes for a till in a rush, and the rest for
# guessing.
_DEFAULTS = {
    "reads": "1200 per minute",
    "writes": "600 per minute",
    "tokens": "10 per minute",
    "registration": "10 per hour",
}

OFF = "off"
VARIABLES = tuple(f"RATE_{policy.upper()}" for policy in _DEFAULTS)

_MOST_REQUESTS = 1_000_000
_YEAR_S = 366 * 86_400


def require_rate(text: str) -> None:
    """Refuse what can't be counted; an empty text is for the default."""
    if text in ("", OFF):
        return
    try:
        rates = limits.parse_many(text)
    except ValueError:
        rates = []
    if len(rates) != 1:
        raise ValidationError("Not a rate such as '300 per minute', nor 'off'.")
    if not 1 <= rates[0].amount <= _MOST_REQUESTS or not 1 <= rates[0].get_expiry() <= _YEAR_S:
        raise ValidationError(f"A rate is 1 to {_MOST_REQUESTS:,} in a second to a year.")


def by_policy(*texts: str) -> dict[str, RateLimitItem | None]:
    """Return each policy's rate from what its variable says; None for no limit."""
    return {
        policy: None if text == OFF else limits.parse(text or default)
        for (policy, default), text in zip(_DEFAULTS.items(), texts, strict=True)
    }

"""Who holds a booking."""

from __future__ import annotations

from dataclasses import dataclass

MAX_NAME = 254

_NAME = "name:"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer: `key` tells them apart, `given` is how they were named, which answers show.

    The key says where the name comes from, so that a plain name is never taken for a user's id.
    """

    key: str
    given: str


def plain_name(text: str) -> Customer:
    """Take a text for a plain name: trimmed, and an e-mail address without regard to case."""
    given = text.strip()
    return Customer(_NAME + (given.lower() if "@" in given else given), given)

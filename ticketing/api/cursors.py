"""Opaque places in a list.

What a caller sends as a cursor ends up in a question to MongoDB, so only what that can hold gets
through: text that is UTF-8, and integers of 64 bits.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from ticketing.api import strict_json
from ticketing.api.problems import BadRequest

_LARGEST = 2**63 - 1


def encode(*place: str | int | None) -> str:
    """Write a place down."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode(cursor: str, *kinds: type | tuple[type, ...]) -> list[Any]:
    """Read a place back; raises BadRequest for what `encode` can't have written."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        place = strict_json.loads(text)
    except (ValueError, binascii.Error):
        raise broken() from None
    fits = (
        isinstance(place, list)
        and len(place) == len(kinds)
        and all(_fits(v, k) for v, k in zip(place, kinds, strict=True))
    )
    if not fits:
        raise broken()
    return list(place)


def id_in(cursor: str | None) -> str | None:
    """Read the id that a list goes on after; None for a list from its beginning."""
    return None if cursor is None else str(decode(cursor, str)[0])


def broken() -> BadRequest:
    """Say that a cursor is not one of ours."""
    return BadRequest("The cursor is not one of ours.", {"cursor": ["Not valid."]})


def _fits(value: object, kind: type | tuple[type, ...]) -> bool:
    """Tell whether a value is of a kind, true and false being no integers."""
    if isinstance(value, int):
        return type(value) is int and isinstance(value, kind) and abs(value) <= _LARGEST
    return isinstance(value, kind)

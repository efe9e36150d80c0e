"""Opaque places in a list."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from ticketing.api.problems import BadRequest


def encode(*place: str | int | None) -> str:
    """Write a place down."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode(cursor: str, *kinds: type | tuple[type, ...]) -> list[Any]:
    """Read a place back; raises BadRequest for what `encode` has not written."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        place = json.loads(text)
    except (ValueError, RecursionError, binascii.Error):
        raise broken() from None
    fits = (
        isinstance(place, list)
        and len(place) == len(kinds)
        and all(isinstance(v, k) for v, k in zip(place, kinds, strict=True))
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

"""Opaque places in a list.

What a caller sends as a cursor ends up in a question to MongoDB, so only what that can hold gets
through: text that is UTF-8, and integers of 64 bits.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ticketing.api.http import strict_json
from ticketing.api.http.problems import BadRequest
from ticketing.domain.places import EventPosition, Place, Row

# MongoDB's integers end before this one.
_TOO_LARGE = 2**63

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_EVENT = re.compile(r"[A-Za-z0-9_-]{0,64}")
# An event, up to which sequence what had turned up was given, and as far as which row: how many
# milliseconds later it is, and its sequence, where that is not the same.
_POSITION = re.compile(r"([A-Za-z0-9_-]{1,64}):([0-9]{1,18}):([0-9]{1,12})(?::([0-9]{1,18}))?")

_LARGEST = 2**63 - 1


def encode(*place: str | int | None) -> str:
    """Return a place as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode(cursor: str, *kinds: type | tuple[type, ...]) -> list[Any]:
    """Return a cursor's place; raises BadRequest for what `encode` can't have written."""
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


def sequence_in(cursor: str | None) -> int:
    """Read the sequence that a list goes on after; 0 for a list from its beginning."""
    if cursor is None:
        return 0
    (sequence,) = decode(cursor, int)
    if not 0 <= sequence < _TOO_LARGE:
        raise broken()
    return int(sequence)


def by_time(place: Place) -> tuple[int, str, int, str]:
    """Return where a list by time goes on, for `encode`."""
    row = place.row
    at = _milliseconds(row.at)
    positions = ",".join(_written(position, at) for position in place.positions)
    return at, row.event, row.sequence, positions


def place_in(cursor: str | None) -> Place:
    """Read where a list by time goes on; the beginning without a cursor."""
    if cursor is None:
        return Place()
    milliseconds, event, sequence, marked = decode(cursor, int, str, int, str)
    found = [_POSITION.fullmatch(part) for part in marked.split(",")] if marked else []
    if not (_EVENT.fullmatch(event) and 0 <= sequence < _TOO_LARGE and all(found)):
        raise broken()
    try:
        at = _EPOCH + milliseconds * _MILLISECOND
        positions = tuple(_position_in(part, at) for part in found if part)
    except OverflowError:
        raise broken() from None
    return Place(Row(at, event, sequence), positions)


def _written(position: EventPosition, since: int) -> str:
    last, sequence = position
    row = "" if last.sequence == sequence else f":{last.sequence}"
    return f"{last.event}:{sequence}:{_milliseconds(last.at) - since}{row}"


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def _position_in(part: re.Match[str], since: datetime) -> EventPosition:
    event, sequence, later, row = part.groups()
    at = since + int(later) * _MILLISECOND
    return EventPosition(Row(at, event, int(row or sequence)), int(sequence))


def broken() -> BadRequest:
    """Return the refusal of a cursor that is not one of ours."""
    return BadRequest("The cursor is not one of ours.", {"cursor": ["Not valid."]})


def _fits(value: object, kind: type | tuple[type, ...]) -> bool:
    """Return whether a value is of a kind, true and false being no integers."""
    if isinstance(value, int):
        return type(value) is int and isinstance(value, kind) and abs(value) <= _LARGEST
    return isinstance(value, kind)

"""Ids of what is new."""

from __future__ import annotations

from bson import ObjectId


def new_id() -> str:
    """Return an id that nobody else has: 24 hexadecimal digits."""
    return str(ObjectId())

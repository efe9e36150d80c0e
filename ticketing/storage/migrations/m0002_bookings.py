"""Customers in bookings and in the trail, with the indexes that they need."""

from __future__ import annotations

from ticketing.storage import schema
from ticketing.storage.clients import Database


def apply(db: Database) -> None:
    """Bring the database to `ticketing.storage.schema`; until now every customer was null."""
    schema.ensure(db)

"""Users, unique by e-mail address."""

from __future__ import annotations

from ticketing.storage import schema
from ticketing.storage.clients import Database


def apply(db: Database) -> None:
    """Bring the database to `ticketing.storage.schema`."""
    schema.ensure(db)

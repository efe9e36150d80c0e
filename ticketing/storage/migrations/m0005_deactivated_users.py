"""Take users that were deactivated before off the waiting lists."""

from __future__ import annotations

from ticketing.storage.driver.clients import Database


def apply(db: Database) -> None:
    """Mark them as leaving: recovery does the rest, each booking with its audit entry."""
    db.users.update_many({"active": False}, {"$currentDate": {"leaving": True}})

"""Leases: who alone may do something for a while, by MongoDB's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pymongo.errors import DuplicateKeyError

from ticketing.storage.driver.clients import Database, Document

# What ends so much later than a lease that begins now was given by a clock that was ahead.
AHEAD = timedelta(minutes=5)


def take(db: Database, id_: str, holder: str, lease: timedelta) -> bool:
    """Acquire a lease that is free, has run out or is ours already; return whether it is ours now.

    One that says no time to end is as good as run out, and so is one that ends later than any may:
    MongoDB's clock was ahead when it was given.
    """
    now = time_at(db)
    free: list[Document] = [
        {"until": {"$lt": now}},
        {"until": {"$gt": now + lease + AHEAD}},
        {"until": {"$not": {"$type": "date"}}},
        {"holder": holder},
    ]
    # Of one that somebody else has nothing matches, and what would be inserted has its key already.
    try:
        db.leases.update_one(
            {"_id": id_, "$or": free},
            {"$set": {"holder": holder, "until": now + lease}},
            upsert=True,
        )
    except DuplicateKeyError:
        return False
    return True


def give_back(db: Database, id_: str, holder: str) -> None:
    """End a lease of ours; one that somebody else has by now stays."""
    db.leases.delete_one({"_id": id_, "holder": holder})


def time_at(db: Database) -> datetime:
    """Return the primary's time: servers whose own clocks differ have to agree on a lease."""
    local: datetime = db.client.admin.command("hello")["localTime"]
    return local.replace(tzinfo=UTC)

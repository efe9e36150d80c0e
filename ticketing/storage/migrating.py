"""Runs the migrations, once, however many servers start at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pymongo.errors import DuplicateKeyError, PyMongoError

from ticketing.storage.clients import Database
from ticketing.storage.migrations import MIGRATIONS, Migration

LEASE = timedelta(seconds=60)
_LEASE_ID = "migrations"


class MigrationsBlocked(Exception):
    """Somebody else holds the lease and does not finish."""


def pending(db: Database, migrations: Sequence[Migration] = MIGRATIONS) -> list[Migration]:
    """List the migrations that have not been done, in order."""
    done = {document["_id"] for document in db.migrations.find({}, {"_id": True})}
    return [migration for migration in migrations if migration.name not in done]


def migrate(
    db: Database,
    migrations: Sequence[Migration] = MIGRATIONS,
    *,
    patience_s: float = 120,
    lease: timedelta = LEASE,
) -> list[str]:
    """Do what is pending, in order, under a lease; return the names of what was done here.

    Who finds the lease taken waits until nothing is pending or the lease runs out, as it does
    where its holder died; a living holder renews it, however long its work takes. A step is
    recorded only after its work, so one that fails or is cut off is done again from the start.
    Raises MigrationsBlocked after `patience_s`.
    """
    holder = uuid4().hex
    until = time.monotonic() + patience_s
    done: list[str] = []

    while left := pending(db, migrations):
        if not _take_lease(db, holder, lease):
            if time.monotonic() > until:
                raise MigrationsBlocked("Another server has held the migration lease too long.")
            time.sleep(0.1)
            continue
        with _renewed(db, holder, lease):
            done += _run_first(db, left[0], migrations)
    return done


def _run_first(db: Database, migration: Migration, migrations: Sequence[Migration]) -> list[str]:
    # What was pending before the lease was taken may be done by now.
    if migration not in pending(db, migrations):
        return []
    migration.apply(db)
    db.migrations.insert_one({"_id": migration.name, "at": datetime.now(UTC)})
    return [migration.name]


def _take_lease(db: Database, holder: str, lease: timedelta) -> bool:
    now = _time(db)
    try:
        db.leases.update_one(
            {"_id": _LEASE_ID, "until": {"$lt": now}},
            {"$set": {"holder": holder, "until": now + lease}},
            upsert=True,
        )
    except DuplicateKeyError:
        return False
    return True


@contextmanager
def _renewed(db: Database, holder: str, lease: timedelta) -> Iterator[None]:
    """Keep the lease while the work lasts, and give it back after it."""
    ours = {"_id": _LEASE_ID, "holder": holder}
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(lease.total_seconds() / 3):
            with suppress(PyMongoError):  # the next time may do
                db.leases.update_one(ours, {"$set": {"until": _time(db) + lease}})

    renewing = threading.Thread(target=renew)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        db.leases.delete_one(ours)


def _time(db: Database) -> datetime:
    """Tell the primary's time: servers whose own clocks differ have to agree on a lease."""
    told: datetime = db.client.admin.command("hello")["localTime"]
    return told

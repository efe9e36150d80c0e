"""Runs the migrations, once, however many servers start at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

import ticketing
from ticketing.storage import leases
from ticketing.storage.driver.clients import (
    Database,
    UnavailableDatabase,
    UnsupportedDatabase,
    is_unavailable,
)
from ticketing.storage.driver.deadlines import deadline
from ticketing.storage.migrations import MIGRATIONS, OF_BEFORE, Migration

# As long as the next one waits after a holder that was killed; a living one renews it in time.
LEASE = timedelta(seconds=6)
_LEASE_ID = "migrations"

# Making an index of a large collection takes longer than a request may.
_WORK_S = 24 * 3600.0

_UNAUTHORIZED = 13


class MigrationsBlocked(Exception):
    """Somebody else holds the lease and does not finish."""


def pending(db: Database, migrations: Sequence[Migration] = MIGRATIONS) -> list[Migration]:
    """List the migrations that have not been done, in order."""
    done = {document["_id"] for document in db.migrations.find({}, {"_id": True})}
    return [m for m in migrations if (m.is_needed(db) if m.is_needed else m.name not in done)]


def newer(db: Database, migrations: Sequence[Migration] = MIGRATIONS) -> str | None:
    """Return a sentence where the database has a migration that is not known here, else None."""
    known = {migration.name for migration in migrations} | OF_BEFORE
    unknown = [document for document in db.migrations.find({}) if document["_id"] not in known]
    if not unknown:
        return None
    last = max(unknown, key=lambda document: str(document["_id"]))
    version = last.get("by")
    needed = f"version {version} or newer" if version else "the version that brings it, or newer"
    return (
        f"The database has the migration {last['_id']}, which this version "
        f"({ticketing.__version__}) does not know: run {needed}."
    )


def migrate(
    db: Database,
    migrations: Sequence[Migration] = MIGRATIONS,
    *,
    patience_s: float = 120,
    lease: timedelta = LEASE,
) -> list[str]:
    """Apply what is pending, in order, under a lease; return the names of what was done here.

    Who finds the lease taken waits until nothing is pending or the lease runs out, as it does
    where its holder died; a living holder renews it, however long its work takes. A step is
    recorded only after its work, so one that fails or is cut off is done again from the start.
    Raises MigrationsBlocked after `patience_s`, UnsupportedDatabase with a sentence where something
    in the database stands against it, and UnavailableDatabase.
    """
    try:
        return _migrate(db, migrations, patience_s, lease)
    except PyMongoError as error:
        raise _in_a_sentence(error) from error


def _in_a_sentence(error: PyMongoError) -> Exception:
    if is_unavailable(error) or not isinstance(error, OperationFailure):
        return UnavailableDatabase(
            f"MongoDB went away before the migrations were done ({type(error).__name__}): "
            "migrate again when it is there."
        )
    if error.code == _UNAUTHORIZED:
        return UnsupportedDatabase(
            "MongoDB does not let this user migrate: give it readWrite and dbAdmin on the "
            "service's database."
        )
    said = (error.details or {}).get("errmsg", error)
    return UnsupportedDatabase(f"MongoDB refuses the migration: {said}")


def _migrate(
    db: Database, migrations: Sequence[Migration], patience_s: float, lease: timedelta
) -> list[str]:
    holder = uuid4().hex
    until = time.monotonic() + patience_s
    done: list[str] = []

    if (reason := newer(db, migrations)) is not None:
        raise UnsupportedDatabase(reason)
    while remaining := pending(db, migrations):
        if not _take_lease(db, holder, lease):
            if time.monotonic() > until:
                raise MigrationsBlocked("Another server has held the migration lease too long.")
            time.sleep(0.1)
            continue
        with _renewed(db, holder, lease):
            done += _run_first(db, remaining[0], migrations)
    return done


def _run_first(db: Database, migration: Migration, migrations: Sequence[Migration]) -> list[str]:
    # What was pending before the lease was taken may be done by now.
    if migration not in pending(db, migrations):
        return []
    try:
        with deadline(_WORK_S):
            migration.apply(db)
    except (AttributeError, LookupError, TypeError, ValueError) as odd:
        raise UnsupportedDatabase(
            f"The migration {migration.name} has met a document that is not as it should be "
            f"({type(odd).__name__}: {odd}): `make verify` names it; correct or remove it, then "
            "migrate again."
        ) from odd
    if migration.is_needed is None:
        record = {"_id": migration.name, "at": datetime.now(UTC), "by": ticketing.__version__}
        # A server that was held up past its lease finds that another has done the same.
        with suppress(DuplicateKeyError):
            db.migrations.insert_one(record)
    return [migration.name]


def _take_lease(db: Database, holder: str, lease: timedelta) -> bool:
    return leases.take(db, _LEASE_ID, holder, lease)


@contextmanager
def _renewed(db: Database, holder: str, lease: timedelta) -> Iterator[None]:
    """Renew the lease while the work lasts, and give it back after it."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(lease.total_seconds() / 3):
            with suppress(PyMongoError):  # the next time may do
                leases.take(db, _LEASE_ID, holder, lease)

    renewing = threading.Thread(target=renew)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        leases.give_back(db, _LEASE_ID, holder)

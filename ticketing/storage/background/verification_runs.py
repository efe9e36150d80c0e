"""Nightly verifications in MongoDB: how far one that is under way is, and how the last ended.

One document each, which a version that knows nothing of them leaves alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ticketing.storage.documents import Codec, read
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.reads import reading

_NAME = "verification_runs"
_UNDER_WAY, _LAST = "under way", "last"


@dataclass(frozen=True, slots=True)
class Run:
    """A verification that was due at a moment; `ended_at` is None while it is under way.

    `part` and `after` are where it goes on, should its host end.
    """

    id: str
    due: datetime
    part: str
    after: str
    events: int = 0
    entries: int = 0
    differences: int = 0
    ended_at: datetime | None = None


_RUNS = Codec(Run)


def begin(db: Database, due: datetime, part: str) -> Run:
    """Begin a run."""
    run = Run(_UNDER_WAY, due, part, "")
    save(db, run)
    return run


def save(db: Database, run: Run) -> None:
    """Write how far a run is."""
    db[_NAME].replace_one({"_id": run.id}, _RUNS.encode(run), upsert=True)


def find_under_way(db: Database) -> Run | None:
    """Find the run that has not ended."""
    return _find(db, _UNDER_WAY)


@reading
def find_last(db: Database) -> Run | None:
    """Find the run that ended last, or since when there are to be runs."""
    return _find(db, _LAST)


def expect(db: Database, now: datetime, part: str) -> None:
    """Note since when there are to be runs, where none has ended yet."""
    document = _RUNS.encode(Run(_LAST, now, part, "", ended_at=now))
    del document["_id"]
    db[_NAME].update_one({"_id": _LAST}, {"$setOnInsert": document}, upsert=True)


def end(db: Database, run: Run, now: datetime) -> None:
    """Write how a run has ended: the next begins at another moment."""
    document = _RUNS.encode(run) | {"_id": _LAST, "ended_at": now}
    db[_NAME].replace_one({"_id": _LAST}, document, upsert=True)
    db[_NAME].delete_one({"_id": run.id})


def _find(db: Database, id_: str) -> Run | None:
    document = db[_NAME].find_one({"_id": id_})
    return read(_NAME, document, _RUNS.decode) if document else None

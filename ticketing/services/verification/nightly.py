"""Verifies every night, beside the requests, without getting in their way.

All workers on all hosts look whether it is time; who has the lease verifies. It reads little at a
time and rests four times as long as that took, so that it has a fifth of a processor at most.
Should its host end, another goes on where it was.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import time as time_of_day
from uuid import uuid4

import structlog
from pymongo.errors import PyMongoError

from ticketing.domain.errors import DomainError
from ticketing.services.verification.reading import Part, Position, Reading
from ticketing.services.verification.verifying import verify
from ticketing.storage import leases
from ticketing.storage.background import verification_runs
from ticketing.storage.background.verification_runs import Run
from ticketing.storage.driver.clients import Database

log = structlog.get_logger(__name__)

PAUSE_S = 30.0

# Longer than any step; a host that was killed leaves the others waiting as long.
_LEASE_ID = "verification"
_LEASE = timedelta(minutes=5)
_RENEW_S = 60.0

# Documents of a kind in one step: about 10 ms of a thread that requests share the processor with.
_AT_ONCE = 200
_REST = 4

# Who is down at that time, and comes back within the day, does not begin in the middle of a sale.
_LATEST = timedelta(hours=2)

# One log line each: beyond that the number tells enough.
MOST_LOGGED = 100


class _Stopped(Exception):
    """The server ends, or another has the lease by now."""


def last_due(now: datetime, at: time_of_day, zone: tzinfo) -> datetime:
    """Return when it was time last, until now."""
    today = now.astimezone(zone).date()
    due = datetime.combine(today, at, zone).astimezone(UTC)
    if due > now:
        due = datetime.combine(today - timedelta(days=1), at, zone).astimezone(UTC)
    return due


class NightlyVerification:
    """Verifies at a time of day; one worker at a time, under a lease."""

    def __init__(self, db: Database, at: time_of_day, zone: tzinfo) -> None:
        self._db = db
        self._at = at
        self._zone = zone
        self._holder = uuid4().hex
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Verify every night until the event is set."""
        self._stop = stop
        while not stop.wait(PAUSE_S):
            try:
                if self._is_ours():
                    self._look()
            except _Stopped:
                continue
            except (PyMongoError, DomainError, sqlite3.Error) as error:
                log.warning("not_verified", error=type(error).__name__)
        with suppress(PyMongoError):
            leases.give_back(self._db, _LEASE_ID, self._holder)

    def _is_ours(self) -> bool:
        return leases.take(self._db, _LEASE_ID, self._holder, _LEASE)

    def _now(self) -> datetime:
        return leases.time_at(self._db)

    def _look(self) -> None:
        """Verify where it is time, or where somebody has begun."""
        run = verification_runs.find_under_way(self._db) or self._begun()
        if run is not None:
            self._verify(run)

    def _begun(self) -> Run | None:
        """Begin where it is time; return None where it is not."""
        now = self._now()
        last = verification_runs.find_last(self._db)
        # Where nothing has ever looked nothing was missed: the first time is the next one.
        if last is None:
            verification_runs.expect(self._db, now, Part.EVENTS)
            return None
        due = last_due(now, self._at, self._zone)
        if last.due >= due or now - due > _LATEST:
            return None
        return verification_runs.begin(self._db, due, Part.EVENTS)

    def _verify(self, run: Run) -> None:
        reading = Reading(run.events, run.entries)
        found = run.differences
        rested_at = renewed_at = time.monotonic()

        def reached(position: Position) -> None:
            nonlocal run
            run = replace(
                run,
                part=position.part,
                after=position.after,
                events=reading.events,
                entries=reading.entries,
                differences=found,
            )
            verification_runs.save(self._db, run)

        def rest() -> None:
            nonlocal rested_at, renewed_at
            if self._stop.wait(_REST * (time.monotonic() - rested_at)):
                raise _Stopped
            rested_at = time.monotonic()
            if rested_at > renewed_at + _RENEW_S:
                renewed_at = rested_at
                if not self._is_ours():
                    raise _Stopped

        reading.reached, reading.between = reached, rest
        begin = Position(Part(run.part), run.after)
        for id_, difference in verify(self._db, None, reading, begin=begin, at_once=_AT_ONCE):
            found += 1
            if found <= MOST_LOGGED:
                log.error("verification_differs", event_id=id_ or None, detail=difference)
        reached(Position(Part.DATABASE))
        verification_runs.end(self._db, run, self._now())
        log.info("verified", events=run.events, entries=run.entries, differences=found)

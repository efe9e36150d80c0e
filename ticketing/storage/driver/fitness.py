"""Whether the database is as this version of the service needs it.

Without its indexes and validators MongoDB lets through what it is there to refuse (without the
index of the keys, one key made twelve events), and what a newer version has written may mean
something else. So nothing is changed before somebody has looked, and a look costs a write nothing:
what is known is good for `FRESH_S`; then one thread looks again in the background while the others
go on, and only what is older than `STALE_S` is not taken for known any more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from pymongo.errors import PyMongoError

from ticketing.domain.errors import DatabaseUnavailable, DatabaseUnfit
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.deadlines import deadline
from ticketing.storage.driver.reads import translating
from ticketing.storage.migrations import MIGRATIONS, runner, schema

log = structlog.get_logger(__name__)

FRESH_S = 5.0
STALE_S = 15.0

# How soon after a look that found something the next one may follow: mending should show at once.
_AGAIN_S = 1.0
_LOOK_S = 2.0


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a database: `missing`, and a sentence where it is too new."""

    missing: tuple[str, ...] = ()
    newer: str | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, in words for whoever runs the service."""
        lacking = tuple(f"{what} is missing, or is not as it should be" for what in self.missing)
        return (self.newer, *lacking) if self.newer else lacking


def look(db: Database) -> Faults:
    """Compare a database with what this version needs: its migrations, indexes and validators."""
    # A migration that looks for itself whether it is needed shows in what it would make.
    recorded = [m for m in MIGRATIONS if m.is_needed is None]
    pending = [f"the migration {m.name}" for m in runner.pending(db, recorded)]
    return Faults((*pending, *schema.differences(db)), runner.newer(db))


class Fitness:
    """What this process knows of its database; safe for threads."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._faults: Faults | None = None
        self._looked_at = 0.0
        self._looking = threading.Lock()

    def require(self, *, for_changes: bool) -> None:
        """Raise DatabaseUnfit where it won't do, DatabaseUnavailable where nobody could look.

        Reads only need one that is not too new: without an index they are slow, but right.
        """
        faults = self._known()
        if faults.newer or (for_changes and faults.missing):
            raise DatabaseUnfit

    def _known(self) -> Faults:
        if self._faults is None:
            return self._look()
        age = self._clock() - self._looked_at
        if age > STALE_S or (age > _AGAIN_S and self._faults.sentences):
            self._look_again()
        elif age > FRESH_S and self._looking.acquire(blocking=False):
            # Where no thread can be had, what is known has to do until it is too old.
            try:
                threading.Thread(target=self._look_and_release, daemon=True).start()
            except RuntimeError:
                self._looking.release()
        return self._faults

    def _look_again(self) -> None:
        """Look, unless another thread does so already."""
        if self._looking.acquire(blocking=False):
            self._look_and_release()

    def _look_and_release(self) -> None:
        """Look; where MongoDB is away whoever asks gets that error, and it is no worse by this.

        Nor is it where no thread can be had, as when the process ends.
        """
        try:
            with deadline(_LOOK_S):
                self._look()
        except (PyMongoError, DatabaseUnavailable, RuntimeError):
            self._looked_at = self._clock() - FRESH_S
        finally:
            self._looking.release()

    @translating
    def _look(self) -> Faults:
        faults = look(self._db)
        if faults != (self._faults or Faults()):
            log.error("database_unfit", faults=faults.sentences)
        self._faults, self._looked_at = faults, self._clock()
        return faults

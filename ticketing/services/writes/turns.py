"""Whose turn it is to commit on an event, among the workers of a host and among hosts.

Between workers a file lock tells, always: it costs microseconds (`host_lock`). Between hosts only
MongoDB can tell, which costs two round trips. So that is asked for an event only while hosts do get
into each other's way: from a defeat on, for as long as somebody else wants a turn now and then.

Nothing depends on it. Whoever has waited `PATIENCE_S` for a turn goes ahead without it, as does
everybody where MongoDB can't tell, and the fence decides (docs/adr/0022).
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pymongo.errors import PyMongoError

from ticketing.services.recent import Recent
from ticketing.services.writes.host_lock import HostLock
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.deadlines import deadline
from ticketing.storage.writes import turns

# A turn is given back after milliseconds; one that is not, as by a host that has died, runs out.
LEASE_S = 0.25

# Some hosts have their turns before it is ours.
PATIENCE_S = 1.0

# How long after the last sign of another host turns are still taken.
_CONTENDED_S = 1.0

_PAUSE_S = 0.002

# Of so many events it is known whether hosts compete for them.
_MOST_EVENTS = 1_000


class Turns:
    """The turns of one process, which is one of those who take them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._host_lock = HostLock(db.name)
        self._contended: Recent[str, float] = Recent(_MOST_EVENTS)
        self._lock = threading.Lock()

    @contextmanager
    def held(self, event_id: str) -> Iterator[None]:
        """Hold the event's turn, or go on without it when it can't be had."""
        with self._host_lock.held(event_id):
            if not self._is_contended(event_id):
                yield
                return
            holder = secrets.token_hex(8)
            is_ours = self._take(event_id, holder)
            try:
                yield
            finally:
                if is_ours:
                    self._give_back(event_id, holder)

    def defeated(self, event_id: str) -> None:
        """Remember that somebody else has committed on the event while we were about to."""
        with self._lock:
            self._contended[event_id] = time.monotonic() + _CONTENDED_S

    def _is_contended(self, event_id: str) -> bool:
        if event_id not in self._contended:
            return False
        with self._lock:
            if self._contended.get(event_id, 0.0) > time.monotonic():
                return True
            self._contended.pop(event_id, None)
        return False

    def _take(self, event_id: str, holder: str) -> bool:
        """Wait for the turn; return whether it is ours."""
        until = time.monotonic() + PATIENCE_S
        with suppress(PyMongoError), deadline(PATIENCE_S):
            while time.monotonic() + _PAUSE_S < until:
                if turns.take(self._db, event_id, holder, LEASE_S):
                    return True
                self.defeated(event_id)
                time.sleep(_PAUSE_S)
        with suppress(PyMongoError), deadline(LEASE_S):
            turns.leave(self._db, event_id, holder)
        return False

    def _give_back(self, event_id: str, holder: str) -> None:
        """End our turn; where that can't be said it runs out."""
        with suppress(PyMongoError), deadline(LEASE_S):
            if turns.give_back(self._db, event_id, holder):
                self.defeated(event_id)

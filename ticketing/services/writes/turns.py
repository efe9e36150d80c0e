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
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress

from pymongo.errors import PyMongoError

from ticketing.services.recent import Recent
from ticketing.services.writes.host_lock import HostLock, Lock, Meanwhile, number_of, wait
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
    def held(self, event_id: str, meanwhile: Meanwhile = wait) -> Iterator[Lock]:
        """Hold the event's turn, or go on without it when it can't be had.

        Tells whether the host's lock is held; `meanwhile` is called while it is waited for, and
        may say that no turn is wanted any more.
        """
        with self._host_lock.held(event_id, meanwhile) as lock:
            if lock is Lock.NOT_WANTED:
                yield lock
                return
            with self._among_hosts(event_id):
                yield lock

    @contextmanager
    def held_together(self, event_ids: Collection[str]) -> Iterator[None]:
        """Hold the turns of several events; those that share a lock of the host hold it once.

        In one order for everybody, so that no two wait for each other.
        """
        with ExitStack() as held:
            for _, event_id in sorted({number_of(id_): id_ for id_ in event_ids}.items()):
                held.enter_context(self._host_lock.held(event_id))
            for event_id in sorted(event_ids):
                held.enter_context(self._among_hosts(event_id))
            yield

    @contextmanager
    def _among_hosts(self, event_id: str) -> Iterator[None]:
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

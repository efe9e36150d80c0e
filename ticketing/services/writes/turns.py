"""Whose turn it is to commit on an event, among the workers of a host and among hosts.

Between workers a file lock tells, always: it costs microseconds (`host_lock`). Between hosts only
MongoDB can tell, which costs two round trips. So that is asked for an event only while hosts do get
into each other's way: from a defeat on, for as long as somebody else wants a turn now and then.

Nothing depends on it. Whoever has waited `PATIENCE_S` for a turn goes ahead without it, as does
everybody where MongoDB can't tell, and the fence decides (docs/adr/0022). Whoever is far away from
MongoDB has a turn kept until they are back in line (docs/adr/0030).
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

# How often somebody looks whether it is their turn: so many times while a turn lasts, going by how
# long our own last one took. Whoever is not next looks as often: the place in line goes to who sees
# first that it is free. With two looks from behind the slowest hundredth waited twice as long.
_LOOKS = 8
_SHORTEST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.02

# A look goes by no clock and keeps no place in line: asking does, so many times a lease.
_ASKED_A_LEASE = 4

# Whoever is so far from MongoDB is not back in line before the next turn is over: one is kept.
_FAR_S = 0.01

# From taking a turn to giving it back, and from that to being in line again.
_ROUND_TRIPS_OF_A_TURN = 10
_ROUND_TRIPS_BACK = 3

# However far away somebody is, or seems to be where MongoDB stood still for a moment.
_LONGEST_S = 5.0

# Of so many events it is known whether hosts compete for them.
_MOST_EVENTS = 1_000


class Turns:
    """The turns of one process, which is one of those who take them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._host_lock = HostLock(db.name)
        self._contended: Recent[str, float] = Recent(_MOST_EVENTS)
        self._successors: Recent[str, str] = Recent(_MOST_EVENTS)
        self._round_trip_s = 0.0
        self._last_turn_s = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def held(self, event_id: str, meanwhile: Meanwhile = wait) -> Iterator[Lock]:
        """Hold the event's turn, or go on without it when it can't be had.

        Tells whether the host's lock is held; `meanwhile` is called while it is waited for, and
        may say that no turn is wanted any more.
        """
        with self._host_lock.locked(event_id, meanwhile) as lock:
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
                held.enter_context(self._host_lock.locked(event_id))
            for event_id in sorted(event_ids):
                held.enter_context(self._among_hosts(event_id))
            yield

    @contextmanager
    def _among_hosts(self, event_id: str) -> Iterator[None]:
        if not self._is_contended(event_id):
            yield
            return
        with self._lock:
            holder = self._successors.pop(event_id, None) or _somebody()
        is_ours = self._await_turn(event_id, holder)
        begun = time.monotonic()
        try:
            yield
        finally:
            self._last_turn_s = time.monotonic() - begun
            if is_ours:
                self._end_turn(event_id, holder)

    def defeated(self, event_id: str) -> None:
        """Remember that somebody else has committed on the event while we were about to."""
        with self._lock:
            self._contended[event_id] = time.monotonic() + _CONTENDED_S + self._turn_s()

    def _is_contended(self, event_id: str) -> bool:
        if event_id not in self._contended:
            return False
        with self._lock:
            if self._contended.get(event_id, 0.0) > time.monotonic():
                return True
            self._contended.pop(event_id, None)
        return False

    def _await_turn(self, event_id: str, holder: str) -> bool:
        """Wait for the turn; return whether it is ours."""
        # Nothing is asked that would be cut off at once: that costs a connection.
        until = time.monotonic() + PATIENCE_S - _SHORTEST_PAUSE_S
        with suppress(PyMongoError), deadline(PATIENCE_S):
            while time.monotonic() < until:
                if self._take_if_free(event_id, holder):
                    return True
                self.defeated(event_id)
                self._wait_in_line(event_id, holder, until)
        with suppress(PyMongoError), deadline(self._lease_s()):
            turns.leave(self._db, event_id, holder)
        return False

    def _wait_in_line(self, event_id: str, holder: str, until: float) -> None:
        """Wait until to ask for the turn may change anything, or our place has to be kept."""
        until = min(until, time.monotonic() + self._lease_s() / _ASKED_A_LEASE)
        while (remaining_s := until - time.monotonic()) > 0:
            time.sleep(min(remaining_s, self._pause_s()))
            if turns.is_worth_asking(self._db, event_id, holder):
                return

    def _pause_s(self) -> float:
        return min(_LONGEST_PAUSE_S, max(_SHORTEST_PAUSE_S, self._last_turn_s / _LOOKS))

    def _take_if_free(self, event_id: str, holder: str) -> bool:
        begun = time.monotonic()
        is_ours = turns.take(self._db, event_id, holder, self._lease_s())
        took = time.monotonic() - begun
        # What is longer than it was before may be this process's own delay.
        self._round_trip_s = min(took, 2 * self._round_trip_s or took)
        return is_ours

    def _turn_s(self) -> float:
        """Return how long our turns take, as far as that is the distance to MongoDB."""
        return min(_LONGEST_S, _ROUND_TRIPS_OF_A_TURN * self._round_trip_s)

    def _lease_s(self) -> float:
        return max(LEASE_S, self._turn_s())

    def _end_turn(self, event_id: str, holder: str) -> None:
        """End our turn; where that can't be said it runs out."""
        successor = _somebody() if self._round_trip_s >= _FAR_S else None
        keep_s = min(_LONGEST_S, _ROUND_TRIPS_BACK * self._round_trip_s)
        with suppress(PyMongoError), deadline(self._lease_s()):
            if turns.give_back(self._db, event_id, holder, successor=successor, keep_s=keep_s):
                self.defeated(event_id)
                if successor:
                    with self._lock:
                        self._successors[event_id] = successor


def _somebody() -> str:
    return secrets.token_hex(8)

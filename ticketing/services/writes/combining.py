"""Flat combining: whoever has an event's turn commits what the other workers of its server have.

Each worker has a queue per event. With many workers each would have small batches to commit, one
worker after the other. So a worker that has to wait for the host's lock *publishes* what is queued;
the one that has the lock takes it into its own batch and *replies*. The idea is from Hendler,
Incze, Shavit and Tzafrir, "Flat Combining and the Synchronization-Parallelism Tradeoff", SPAA 2010.

The lists of what is published, one for each of the host's locks, are sockets that a server makes
before it forks. A message in one is read by one worker, whole, and stays there whoever dies. What
is published is taken under the lock, and replied to before the lock is given back. So a worker that
has got the lock knows of each of its publications what has become of it: it is still in the list,
or there is a reply, or whoever took it is dead, and then nobody knows whether it has happened. The
exception is a worker that has lost its patience and takes without the lock. It says so beforehand
(`taken_unlocked`), and nobody concludes anything about what was published before that.
"""

from __future__ import annotations

import mmap
import pickle
import select
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from secrets import randbits
from typing import Generic, Protocol, TypeVar

from ticketing.domain.errors import DomainError, OutcomeUnknown
from ticketing.services.writes import host_lock

Item = TypeVar("Item")
Result = TypeVar("Result")

# A longer message is not published: its own worker commits it.
_LONGEST_BYTES = 65_536
# For what waits in a list or an inbox; Linux gives as much of it as net.core.wmem_max allows.
_BUFFER_BYTES = 1 << 20


_UNPICKLABLE = pickle.PicklingError, AttributeError, TypeError


class NotTaken:
    """In place of a result: it was not taken, and its own worker sees to it."""


@dataclass(frozen=True, slots=True)
class Guest(Generic[Item]):
    """What another worker has published; `place` and `number` say where the reply goes."""

    place: int
    number: int
    item: Item


# What has become of a publication of one's own, by its number.
Reply = tuple[int, "Result | BaseException | NotTaken"]

# What was taken: a publication of one's own by its number, or another worker's.
Taken = Sequence["int | Guest[Item]"]


class Publications(Protocol[Item, Result]):
    """What a process publishes for the others of its server, and takes of theirs."""

    def publish(self, event_id: str, number: int, item: Item, until: float) -> bool:
        """Publish an item, to be taken until then, if it can be; return whether it is."""

    def take_published(self, event_id: str, most: int, *, locked: bool) -> tuple[Taken[Item], bool]:
        """Take what is published for an event, in order; return it, and whether that was all.

        `locked` tells whether the event's lock is held.
        """

    def reply(self, results: Iterable[tuple[Guest[Item], Result | BaseException]]) -> None:
        """Send guests what has become of theirs."""

    def await_reply(self, seconds: float) -> None:
        """Wait until there is a reply, or for so long."""

    def replies(self) -> Sequence[Reply[Result]]:
        """Return what has become of one's own, as far as it is known."""

    def taken_unlocked(self, event_id: str) -> int:
        """Return a number that changes when somebody takes of an event without its lock."""


class NoPublications(Generic[Item, Result]):
    """The publications of a process that is alone: it has none."""

    def publish(self, event_id: str, number: int, item: Item, until: float) -> bool:
        """Publish nothing."""
        return False

    def take_published(self, event_id: str, most: int, *, locked: bool) -> tuple[Taken[Item], bool]:
        """Find nothing."""
        return (), True

    def reply(self, results: Iterable[tuple[Guest[Item], Result | BaseException]]) -> None:
        """Send nothing."""

    def await_reply(self, seconds: float) -> None:
        """Wait, for nothing."""
        time.sleep(seconds)

    def replies(self) -> Sequence[Reply[Result]]:
        """Return none."""
        return ()

    def taken_unlocked(self, event_id: str) -> int:
        """Return the same always."""
        return 0


class SharedLists:
    """The lists of a server, and an inbox for each place that a worker may have."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.lists = [_sockets() for _ in range(host_lock.LOCKS)]
        self.inboxes = [_sockets() for _ in range(places)]
        self.unlocked = memoryview(mmap.mmap(-1, 8 * host_lock.LOCKS)).cast("Q")


class SharedPublications(Generic[Item, Result]):
    """The publications of the worker in a place; made after the fork, one per process.

    What is sent is pickled. Nobody but the workers of one server can write to these sockets.
    """

    def __init__(self, shared: SharedLists, place: int) -> None:
        self._shared = shared
        self._place = place
        self._inbox = shared.inboxes[place][1]

    def publish(self, event_id: str, number: int, item: Item, until: float) -> bool:
        """Publish an item; what can't be pickled, or finds the list full, is not published."""
        try:
            message = pickle.dumps((self._place, number, event_id, until, item))
            if len(message) > _LONGEST_BYTES:
                return False
            self._shared.lists[host_lock.number_of(event_id)][0].send(message)
        except (OSError, *_UNPICKLABLE):
            return False
        return True

    def take_published(self, event_id: str, most: int, *, locked: bool) -> tuple[Taken[Item], bool]:
        """Take what is published for an event; what is of another, or too late, is given back."""
        number_of_list = host_lock.number_of(event_id)
        if not locked:
            self._shared.unlocked[number_of_list] = randbits(64)
        source = self._shared.lists[number_of_list][1]
        taken: list[int | Guest[Item]] = []
        now = time.monotonic()
        while len(taken) < most:
            try:
                message = source.recv(_LONGEST_BYTES)
            except BlockingIOError:
                return taken, True
            place, number, event, until, item = pickle.loads(message)  # noqa: S301 - of our own
            if event != event_id or until < now:
                self._send(place, [(number, NotTaken())])
            elif place == self._place:
                taken.append(number)
            else:
                taken.append(Guest(place, number, item))
        return taken, False

    def reply(self, results: Iterable[tuple[Guest[Item], Result | BaseException]]) -> None:
        """Send guests what has become of theirs: in one message to each worker, if it fits."""
        by_place: dict[int, list[Reply[Result]]] = {}
        for guest, result in results:
            by_place.setdefault(guest.place, []).append((guest.number, _portable(result)))
        for place, replies in by_place.items():
            self._send(place, replies)

    def await_reply(self, seconds: float) -> None:
        """Wait until there is a reply, or for so long."""
        _await_message(self._inbox, seconds)

    def replies(self) -> Sequence[Reply[Result]]:
        """Return what has become of one's own, as far as it is known."""
        found: list[Reply[Result]] = []
        while True:
            try:
                found += pickle.loads(self._inbox.recv(_BUFFER_BYTES))  # noqa: S301 - of our own
            except BlockingIOError:
                return found

    def taken_unlocked(self, event_id: str) -> int:
        """Return a number that changes when somebody takes of an event without its lock."""
        return self._shared.unlocked[host_lock.number_of(event_id)]

    def _send(self, place: int, replies: Sequence[Reply[Result]]) -> None:
        """Send replies; one that can't be sent, or finds no room, is as if we had died."""
        inbox = self._shared.inboxes[place][0]
        try:
            inbox.send(pickle.dumps(replies))
        except (OSError, *_UNPICKLABLE):
            for reply in replies if len(replies) > 1 else ():
                self._send(place, [reply])


def _portable(result: Result | BaseException) -> Result | BaseException:
    """Return what can be sent to a process: of a library's error, which may not go, its words.

    What ends a process ends this one alone, and nobody knows whether the commit came through.
    """
    if isinstance(result, BaseException):
        if not isinstance(result, Exception):
            return OutcomeUnknown()
        is_known = isinstance(result, DomainError) or type(result).__module__ == "builtins"
        return result if is_known else RuntimeError(repr(result))
    return result


def _await_message(inbox: socket.socket, seconds: float) -> None:
    poll = select.poll()
    poll.register(inbox, select.POLLIN)
    poll.poll(seconds * 1000)


def _sockets() -> tuple[socket.socket, socket.socket]:
    """Return the end that is written to and the one that is read from, by whoever comes first."""
    written, read = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    written.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    for end in (written, read):
        end.settimeout(0)
    return written, read

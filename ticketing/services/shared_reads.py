"""Reads that many ask for at once, done once for all who have come together.

Whoever asks while a read is under way waits for the next, which begins after they asked: so what is
shown is never older than the question, and in a rush the database is asked once for many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from ticketing.domain.errors import Busy, DatabaseUnavailable, OutcomeUnknown
from ticketing.domain.events import Event
from ticketing.services.writes.queue import BatchQueues
from ticketing.storage import events
from ticketing.storage.driver.clients import OPERATION_TIMEOUT_S, Database

_MOST_TOGETHER = 1024

T = TypeVar("T")


class SharedReads:
    """Reads of one database; safe for threads."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queues: BatchQueues[Callable[[], object], object] = BatchQueues(
            _read, size=_MOST_TOGETHER, complete_s=OPERATION_TIMEOUT_S
        )

    def event(self, id_: str) -> Event:
        """Return an event as it is after now; raises EventNotFound, DatabaseUnavailable."""
        return self.get(f"event {id_}", lambda: events.get(self._db, id_))

    def get(self, key: str, read: Callable[[], T]) -> T:
        """Return what is read, by this read or another one under the key, as it is after now.

        A key stands for one read, whoever asks for it. Raises what the read raises, and
        DatabaseUnavailable where it doesn't come within the caller's time.
        """
        try:
            found = self._queues.submit(key, read, wait_s=OPERATION_TIMEOUT_S)
        except (Busy, OutcomeUnknown) as error:
            # The queue's words for a change: a read that takes too long has changed nothing.
            raise DatabaseUnavailable from error
        return cast(T, found)


def _read(_: str, together: Sequence[Callable[[], object]]) -> Sequence[object]:
    return [together[0]()] * len(together)

"""Reads of one event that many ask for at once, done once for all who have come together.

Whoever asks while a read is under way waits for the next, which begins after they asked: so what is
shown is never older than the question, and in a rush the database is asked once for many.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from ticketing.domain.errors import Busy, DatabaseUnavailable, OutcomeUnknown
from ticketing.domain.events import Event
from ticketing.services.writes.queue import BatchQueues
from ticketing.storage import events
from ticketing.storage.driver.clients import OPERATION_TIMEOUT_S, Database
from ticketing.storage.driver.deadlines import remaining

_MOST_TOGETHER = 1024


class EventReads:
    """Reads events of one database; safe for threads."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queues: BatchQueues[None, Event] = BatchQueues(
            self._read,
            size=_MOST_TOGETHER,
            complete_s=OPERATION_TIMEOUT_S,
            turn=lambda _: nullcontext(),
        )

    def get(self, id_: str) -> Event:
        """Return an event as it is after now; raises EventNotFound, DatabaseUnavailable."""
        try:
            return self._queues.submit(id_, None, wait_s=min(OPERATION_TIMEOUT_S, remaining()))
        except (Busy, OutcomeUnknown) as error:
            # The queue's words for a change: a read that takes too long has changed nothing.
            raise DatabaseUnavailable from error

    def _read(self, id_: str, together: Sequence[None]) -> Sequence[Event]:
        return [events.get(self._db, id_)] * len(together)

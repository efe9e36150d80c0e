"""Where all workers count together: a MongoDB that is waited for only so long.

Counting is not worth a majority and a journal, so it has a client of its own.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import TypeVar

import structlog
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from ticketing.storage.driver.clients import Client, Database
from ticketing.storage.driver.deadlines import deadline
from ticketing.storage.limits import attempts, windows
from ticketing.storage.limits.attempts import SharedAttempts
from ticketing.storage.limits.windows import SharedWindows

log = structlog.get_logger(__name__)

T = TypeVar("T")

# When the store does not answer, it is left alone for a while: nobody should wait for it each time.
_BREAK_S = 5.0


class CountsAway(Exception):
    """The shared counts can't be reached: whoever asks has to count for itself."""


class SharedCounts:
    """The counts of all workers; safe for threads."""

    def __init__(self, uri: str, database: str, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._connected = False
        self._closed_until = 0.0
        # Made before a fork, so it has neither a connection nor a thread until it is asked.
        self._client: Client = MongoClient(uri, connect=False, w=1, journal=False)
        self._db: Database = self._client[database]
        weakref.finalize(self, self._client.close)

    def attempts(self) -> SharedAttempts:
        """Return the failed attempts; for use within `ask`."""
        return SharedAttempts(self._db[attempts.COLLECTION])

    def windows(self) -> SharedWindows:
        """Return how often who has asked; for use within `ask`."""
        return SharedWindows(self._db[windows.COLLECTION])

    def ask(self, question: Callable[[], T]) -> T:
        """Return the question's answer; raises CountsAway, and so for a while after the first."""
        self._refuse_while_left_alone()
        try:
            with deadline(self._timeout_s):
                self._connect_once()
                answer = question()
        except PyMongoError as error:
            self._closed_until = time.monotonic() + _BREAK_S
            log.warning("rate_limits_by_worker", seconds=_BREAK_S, error=type(error).__name__)
            raise CountsAway from error
        self._closed_until = 0.0
        return answer

    def _refuse_while_left_alone(self) -> None:
        """Raise CountsAway, but for the one caller who tries when the time is over."""
        with self._lock:
            if not self._closed_until:
                return
            if time.monotonic() < self._closed_until:
                raise CountsAway
            self._closed_until = time.monotonic() + _BREAK_S

    def _connect_once(self) -> None:
        """Create the indexes, in the one thread that comes first."""
        with self._lock:
            if not self._connected:
                self.attempts().make_index()
                self.windows().make_index()
                self._connected = True

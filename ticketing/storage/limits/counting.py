"""Where all workers count together: a MongoDB that is waited for only so long.

Counting is not worth a majority and a journal, so it has a client of its own.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from limits.errors import StorageError
from limits.storage import MongoDBStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from ticketing.storage.driver.deadlines import deadline
from ticketing.storage.limits.attempts import SharedAttempts

log = structlog.get_logger(__name__)

T = TypeVar("T")

# When the store does not answer, it is left alone for a while: nobody should wait for it each time.
_BREAK_S = 5.0


class CountsAway(Exception):
    """The shared counts can't be reached: whoever asks has to count for itself."""


class _Store(MongoDBStorage):
    """The library's store, without a connection or a thread until it is asked."""

    def reconnect(self) -> None:
        """Connect and create the indexes, again if that failed before."""
        self.close()
        self._storage = None
        _ = self.storage

    def close(self) -> None:
        """Close the client, if there is one."""
        if self._storage is not None:
            self._storage.close()

    def __del__(self) -> None:
        """Leave out what the library does: connect once more only to close itself."""


class SharedCounts:
    """The counts of all workers; safe for threads."""

    def __init__(self, uri: str, database: str, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._connected = False
        self._closed_until = 0.0
        self._database = database
        self._store = _Store(
            uri,
            database_name=database,
            counter_collection_name="rate_counters",
            window_collection_name="rate_windows",
            wrap_exceptions=True,
            w=1,
            journal=False,
        )
        weakref.finalize(self, self._store.close)
        self.windows = SlidingWindowCounterRateLimiter(self._store)

    def attempts(self) -> SharedAttempts:
        """Return the failed attempts; for use within `ask`."""
        client: MongoClient[dict[str, Any]] = self._store.storage
        return SharedAttempts(client[self._database].rate_attempts)

    def ask(self, question: Callable[[], T]) -> T:
        """Return the question's answer; raises CountsAway, and so for a while after the first."""
        self._refuse_while_left_alone()
        try:
            with deadline(self._timeout_s):
                self._connect_once()
                answer = question()
        except (StorageError, PyMongoError) as error:
            self._closed_until = time.monotonic() + _BREAK_S
            cause = error.storage_error if isinstance(error, StorageError) else error
            log.warning("rate_limits_by_worker", seconds=_BREAK_S, error=type(cause).__name__)
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
        """Connect in one thread: the library would make a client in each that comes first."""
        with self._lock:
            if not self._connected:
                self._store.reconnect()
                self.attempts().make_index()
                self._connected = True

"""How often somebody may ask: sliding windows, exact over all workers.

The fields are those of the IETF draft "RateLimit header fields for HTTP" (draft-10): times are
seconds from now.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MongoDBStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from pymongo.errors import PyMongoError

from ticketing.storage.deadlines import within

log = structlog.get_logger(__name__)

# When the store does not answer, it is left alone for a while: nobody should wait for it each time.
_BREAK_S = 5.0
_STORE_TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands with a policy: `reset_s` is until there is room again."""

    policy: str
    quota: int
    window_s: int
    granted: bool
    remaining: int
    reset_s: int

    @property
    def headers(self) -> Mapping[str, str]:
        """The fields that tell it."""
        fields = {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={self.window_s}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset_s}',
        }
        return fields if self.granted else {**fields, "Retry-After": str(max(1, self.reset_s))}


class _Store(MongoDBStorage):
    """The library's store, which would connect once more only to close itself."""

    def connect(self) -> None:
        try:
            _ = self.storage
        except PyMongoError as error:
            raise StorageError(error) from error

    def __del__(self) -> None:
        if self._storage is not None:
            self._storage.close()


class Rates:
    """Counts requests by policy and by who makes them; safe for threads.

    A policy that is None has no limit. While the store is away everybody is let through, and the
    log says so: selling goes before counting.
    """

    def __init__(
        self, policies: Mapping[str, RateLimitItem | None], uri: str, database: str
    ) -> None:
        self._policies = policies
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._store = _Store(
            uri,
            database_name=database,
            counter_collection_name="rate_counters",
            window_collection_name="rate_windows",
            wrap_exceptions=True,
            # Counting is not worth a majority and a journal.
            w=1,
            journal=False,
        )
        self._limiter = SlidingWindowCounterRateLimiter(self._store)

    def hit(self, policy: str, who: str) -> Standing | None:
        """Count one request; None where there is no limit, or no store."""
        return self._ask(policy, who, counts=True)

    def look(self, policy: str, who: str) -> Standing | None:
        """Tell where somebody stands without counting."""
        return self._ask(policy, who, counts=False)

    def _ask(self, policy: str, who: str, *, counts: bool) -> Standing | None:
        item = self._policies.get(policy)
        if item is None or time.monotonic() < self._closed_until:
            return None
        try:
            with within(_STORE_TIMEOUT_S):
                self._connect_once()
                ask = self._limiter.hit if counts else self._limiter.test
                granted = ask(item, policy, who)
                reset_at, remaining = self._limiter.get_window_stats(item, policy, who)
        except StorageError as error:
            self._closed_until = time.monotonic() + _BREAK_S
            log.warning("rate_limits_off", seconds=_BREAK_S, error=str(type(error.storage_error)))
            return None
        reset = max(0, math.ceil(reset_at - time.time()))
        return Standing(policy, item.amount, item.get_expiry(), granted, remaining, reset)

    def _connect_once(self) -> None:
        """Let one thread make the client: the library would make one in each that comes first."""
        with self._lock:
            self._store.connect()

"""How often somebody may ask: sliding windows, counted over all workers.

A limit never turns off: while the shared counts can't be reached each worker counts for itself, so
that at most as many times the quota is granted as there are workers.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from ticketing.domain.identity.rate_limits import RateLimitStatus
from ticketing.storage.limits.counting import CountsAway, SharedCounts


class RateLimiter:
    """Counts requests by policy and by who makes them; safe for threads.

    A policy that is None has no limit.
    """

    def __init__(
        self,
        policies: Mapping[str, RateLimitItem | None],
        shared: SharedCounts,
        counted_alone: Callable[[str], None] = lambda policy: None,
    ) -> None:
        self._policies = policies
        self._shared = shared
        self._counted_alone = counted_alone
        self._lock = threading.Lock()

    def hit(self, policy: str, who: str) -> RateLimitStatus | None:
        """Count one request; None where there is no limit."""
        item = self._policies.get(policy)
        if item is None:
            return None
        try:
            return self._shared.ask(lambda: _hit(self._shared.windows, item, policy, who))
        except CountsAway:
            self._counted_alone(policy)
            # The library's own locks let a count slip when many ask for one key.
            with self._lock:
                return _hit(self._own, item, policy, who)

    @cached_property
    def _own(self) -> SlidingWindowCounterRateLimiter:
        """What this worker counts for itself: made when it is needed, since it has a thread."""
        return SlidingWindowCounterRateLimiter(MemoryStorage())


def _hit(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, policy: str, who: str
) -> RateLimitStatus:
    granted = limiter.hit(item, policy, who)
    reset_at, remaining = limiter.get_window_stats(item, policy, who)
    reset = max(0, math.ceil(reset_at - time.time()))
    return RateLimitStatus(policy, item.amount, item.get_expiry(), granted, remaining, reset)

"""How often somebody may ask: sliding windows, counted over all workers.

Each request is counted before it is let in, so no more are let in than a limit says. Whoever asks
often is counted ahead: a worker takes a few of what is left at once and lets in that many without
asking again. What it has not used after a moment goes back when they ask it again; until then it is
missing to them, so a worker takes few, and single ones where the limit is small or nearly reached
(`AHEAD_OF`).

A limit never turns off: while the shared counts can't be reached each worker counts for itself, so
that at most as many times the quota is granted as there are workers.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from limits import RateLimitItem

from ticketing.domain.identity.rate_limits import RateLimitStatus
from ticketing.services.recent import Recent
from ticketing.storage.limits.counting import CountsAway, SharedCounts
from ticketing.storage.limits.windows import Window

# A worker takes at most this part of a quota ahead, and of what is left of it.
AHEAD_OF = 200
MOST_AHEAD = 64
# For how long it may use what it took: this part of the window, and three seconds at most.
_LONGEST_S = 3.0
_PART_OF_WINDOW = 20

# How many of those who ask are remembered at most.
_MOST = 10_000


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
        self._own = OwnWindows()
        self._ahead = _Ahead()

    def hit(self, policy: str, who: str) -> RateLimitStatus | None:
        """Count one request; None where there is no limit."""
        item = self._policies.get(policy)
        if item is None:
            return None
        key = f"{policy}/{who}"
        if (standing := self._ahead.use(key)) is not None:
            return standing
        asked = self._ahead.begin(key, item.amount)
        standing, remaining = None, 0
        try:
            window = self._take(policy, key, item, asked)
            standing, remaining = _standing(policy, item, window), max(0, window.granted - 1)
        finally:
            remaining = self._ahead.end(key, asked, standing, remaining)
        return replace(standing, remaining=standing.remaining + remaining)

    def _take(self, policy: str, key: str, item: RateLimitItem, asked: _Asked) -> Window:
        limit, length_s = item.amount, item.get_expiry()
        try:
            return self._shared.ask(
                lambda: self._shared.windows().take(
                    key, limit, length_s, asked.size, asked.returned
                )
            )
        except CountsAway:
            self._counted_alone(policy)
            return self._own.take(key, limit, length_s, 1)


def _standing(policy: str, item: RateLimitItem, window: Window) -> RateLimitStatus:
    return RateLimitStatus(
        policy,
        item.amount,
        item.get_expiry(),
        window.granted > 0,
        window.remaining(item.amount),
        math.ceil(window.reset_s),
    )


class OwnWindows:
    """What a worker counts for itself, by the same rules; safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: Recent[str, tuple[float, int, int]] = Recent(_MOST)

    def take(self, key: str, limit: int, length_s: int, asked: int) -> Window:
        """Count as many as are asked for and there is room for."""
        now = self._clock()
        with self._lock:
            began, count, before = self._windows.get(key, (now, 0, 0))
            if now - began >= 2 * length_s:
                began, count, before = now, 0, 0
            elif now - began >= length_s:
                began, count, before = began + length_s, 0, count
            seen = Window(0, count, before, (now - began) * 1000, length_s * 1000)
            granted = min(asked, seen.remaining(limit))
            self._windows[key] = began, count + granted, before
        return replace(seen, granted=granted, count=count + granted)


@dataclass(frozen=True, slots=True)
class _Asked:
    """How many somebody asks for, and how many of before go back.

    `is_next` where nobody else asks for more than one meanwhile.
    """

    size: int = 1
    returned: int = 0
    is_next: bool = False


@dataclass(slots=True)
class _Taken:
    """What is left of what a worker has counted ahead for somebody, and where they stood then."""

    size: int = 1
    remaining: int = 0
    used: int = 0
    since: float = 0.0
    until: float = 0.0
    is_asked_for: bool = False
    standing: RateLimitStatus | None = None


class _Ahead:
    """What is counted ahead, by whose it is; safe for threads.

    The size doubles each time that an amount is nearly used up in time, and else becomes what was
    used of it, but no less than half: a rush that goes on is soon counted ahead again. One
    thread asks for the next amount, while others use up the last one or ask for single ones.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: Recent[str, _Taken] = Recent(_MOST)

    def use(self, key: str) -> RateLimitStatus | None:
        """Use one of what was counted ahead; None for whoever has to ask for more."""
        with self._lock:
            taken, now = self._taken.get(key), self._clock()
            if taken is None or taken.standing is None or now >= taken.until:
                return None
            # The last quarter is for the others, while whoever comes first asks for more.
            if not taken.remaining or (
                taken.remaining <= taken.size // 4 and not taken.is_asked_for
            ):
                return None
            taken.remaining -= 1
            taken.used += 1
            standing = taken.standing
            return replace(
                standing,
                remaining=standing.remaining + taken.remaining,
                reset_s=max(1, standing.reset_s - int(now - taken.since)),
            )

    def begin(self, key: str, limit: int) -> _Asked:
        """Return how many to ask for."""
        most = min(MOST_AHEAD, limit // AHEAD_OF)
        if most < 2:
            return _Asked()
        with self._lock:
            self._taken[key] = taken = self._taken.get(key) or _Taken()
            if taken.is_asked_for:
                return _Asked()
            remaining = taken.standing.remaining if taken.standing else limit
            is_over = self._clock() >= taken.until
            wanted = max(taken.used, taken.size // 2) if is_over else 2 * taken.size
            taken.size = max(1, min(wanted, most, remaining // AHEAD_OF))
            returned = taken.remaining if is_over else 0
            taken.remaining -= returned
            taken.used = 1
            taken.is_asked_for = True
            return _Asked(taken.size, returned, is_next=True)

    def end(self, key: str, asked: _Asked, standing: RateLimitStatus | None, remaining: int) -> int:
        """Keep what was counted ahead for a moment; return how much there is now.

        Whoever finds none may ask for the next.
        """
        with self._lock:
            if not asked.is_next or (taken := self._taken.get(key)) is None:
                return remaining
            taken.is_asked_for = False
            if standing is not None:
                # Even a single one begins a moment in which the next may be one of many.
                taken.since = self._clock()
                taken.until = taken.since + min(_LONGEST_S, standing.window_s / _PART_OF_WINDOW)
                taken.remaining += remaining
                taken.standing = standing
            return taken.remaining

"""No more wrong passwords from one source than a limit allows, however many are tried at once."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from limits import RateLimitItem

from ticketing.domain.errors import TooManyRequests, WrongPassword
from ticketing.domain.identity.rate_limits import RateLimitStatus
from ticketing.storage.limits.attempts import Tally
from ticketing.storage.limits.counting import CountsAway, SharedCounts

T = TypeVar("T")

POLICY = "tokens"

# How many sources are remembered at most, of those that are refused and of those that are counted.
_MOST = 10_000
# How long to wait for attempts of other workers that may yet succeed and give their place back.
_PATIENCE_S = 0.5
_PAUSE_S = 0.02
# An attempt that has been under way for longer will not end: its worker was killed.
_LOST_S = 10.0


class _Places(Protocol):
    """What attempts are counted in: the shared counts or a worker's own."""

    def take_place(self, source: str, limit: int, window_s: int) -> Tally: ...

    def keep(self, source: str, place: object) -> None: ...

    def give_back(self, source: str, place: object) -> None: ...


class Attempts:
    """Counts failures by their source; what succeeds is not counted. Safe for threads.

    Without a limit everything is allowed. While the shared counts can't be reached this worker
    counts for itself.
    """

    def __init__(
        self,
        limit: RateLimitItem | None,
        shared: SharedCounts,
        counted_alone: Callable[[str], None] = lambda policy: None,
    ) -> None:
        self._limit = limit
        self._shared = shared
        self._counted_alone = counted_alone
        self._own = OwnAttempts(limit.amount if limit else 0)
        self._refused = _Refused()

    def run(
        self, source: str, check: Callable[[], T | None]
    ) -> tuple[T | None, RateLimitStatus | None]:
        """Return what a check gives, and where its source stands afterwards.

        None and WrongPassword are failures. Raises TooManyRequests, and checks nothing, where the
        source has no attempts left.
        """
        if self._limit is None:
            return check(), None
        tally, places = self._begin(self._limit, source)
        failed = False
        try:
            found = check()
            failed = found is None
        except WrongPassword:
            failed = True
            raise
        finally:
            self._end(places, source, tally.place, failed=failed)
        # The place that was taken is the last of those under way.
        under_way = tally.under_way if failed else tally.under_way[:-1]
        return found, _standing(self._limit, [*tally.failed, *under_way], granted=True)

    def refuse_if_known(self, source: str) -> None:
        """Raise TooManyRequests where this worker knows that a source has no attempts left.

        That costs nothing, and it is certain: a failure counts until its time is over.
        """
        left_s = self._refused.left_s(source)
        if self._limit is not None and left_s > 0:
            age = self._limit.get_expiry() - left_s
            raise TooManyRequests(_standing(self._limit, [age] * self._limit.amount, granted=False))

    def _begin(self, limit: RateLimitItem, source: str) -> tuple[Tally, _Places]:
        """Take a place for an attempt; raises TooManyRequests."""
        self.refuse_if_known(source)
        until = time.monotonic() + _PATIENCE_S
        while True:
            tally, places = self._take_place(limit, source)
            if tally.place is not None:
                return tally, places
            failed = [*tally.failed, *(age for age in tally.under_way if age > _LOST_S)]
            if len(failed) >= limit.amount:
                self._refused.add(source, _until_there_is_room(failed, limit))
                raise TooManyRequests(_standing(limit, failed, granted=False))
            if time.monotonic() > until:
                raise TooManyRequests
            time.sleep(_PAUSE_S)

    def _take_place(self, limit: RateLimitItem, source: str) -> tuple[Tally, _Places]:
        asked = source, limit.amount, limit.get_expiry()
        try:
            return self._shared.ask(lambda: self._in_shared(asked))
        except CountsAway:
            self._counted_alone(POLICY)
            return self._own.take_place(*asked), self._own

    def _in_shared(self, asked: tuple[str, int, int]) -> tuple[Tally, _Places]:
        places = self._shared.attempts()
        return places.take_place(*asked), places

    def _end(self, places: _Places, source: str, place: object, *, failed: bool) -> None:
        end = places.keep if failed else places.give_back
        if places is self._own:
            end(source, place)
            return
        if failed:
            # So that no more are allowed where the shared counts can't be reached any more.
            self._own.note(source)
        # Where they are away by now, the attempt counts as failed.
        with suppress(CountsAway):
            self._shared.ask(lambda: end(source, place))


class OwnAttempts:
    """The attempts that a worker counts for itself, by the same rules; safe for threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._under_way: dict[object, tuple[str, float]] = {}

    def take_place(self, source: str, limit: int, window_s: int) -> Tally:
        """Count an attempt that is about to be made, if there is room for it."""
        now = time.monotonic()
        with self._lock:
            failed = [at for at in self._failed.get(source, ()) if at > now - window_s]
            under_way = [at for other, at in self._under_way.values() if other == source]
            place = None
            if len(failed) + len(under_way) < limit:
                place = object()
                under_way.append(now)
                self._under_way[place] = source, now
        return Tally(place, [now - at for at in failed], [now - at for at in under_way])

    def keep(self, source: str, place: object) -> None:
        """Record that the attempt has failed."""
        with self._lock:
            self._under_way.pop(place)
            self._note(source)

    def note(self, source: str) -> None:
        """Count a failure that is counted elsewhere as well."""
        with self._lock:
            self._note(source)

    def _note(self, source: str) -> None:
        self._failed.setdefault(source, deque(maxlen=self._limit)).append(time.monotonic())
        self._failed.move_to_end(source)
        if len(self._failed) > _MOST:
            self._failed.popitem(last=False)

    def give_back(self, source: str, place: object) -> None:
        """Record that the attempt has succeeded, and so does not count."""
        with self._lock:
            self._under_way.pop(place)


class _Refused:
    """Which sources have no attempts left, and until when; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, source: str, seconds: float) -> None:
        with self._lock:
            self._until[source] = time.monotonic() + seconds
            self._until.move_to_end(source)
            if len(self._until) > _MOST:
                self._until.popitem(last=False)

    def left_s(self, source: str) -> float:
        return self._until.get(source, 0.0) - time.monotonic()


def _standing(limit: RateLimitItem, ages: list[float], *, granted: bool) -> RateLimitStatus:
    remaining = max(0, limit.amount - len(ages)) if granted else 0
    reset = math.ceil(_until_there_is_room(ages, limit))
    return RateLimitStatus(POLICY, limit.amount, limit.get_expiry(), granted, remaining, reset)


def _until_there_is_room(ages: list[float], limit: RateLimitItem) -> float:
    """Return how long it takes until one attempt more is possible than now; 0 where none counts."""
    if not ages:
        return 0.0
    oldest_first = sorted(ages, reverse=True)
    which = max(0, len(ages) - limit.amount)
    return max(0.0, limit.get_expiry() - oldest_first[which])

"""No more wrong passwords from one source, or at one account, than a limit allows.

However many are tried at once, and over all workers. Whoever has no attempts left at their source
is refused. An account that has none left is slow, and never locked: whoever comes from a source
without failures is given a turn, and told when. Turns come three seconds after each other, so an
account that is guessed at from many places lets its owner in after those who asked before.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from limits import RateLimitItem

from ticketing.domain.errors import TooManyRequests, WrongSecret
from ticketing.domain.identity.rate_limits import RateLimitStatus
from ticketing.services.recent import Recent
from ticketing.storage.limits.attempts import LONGEST_WAIT_S, TURN_S, Tally
from ticketing.storage.limits.counting import CountsAway, SharedCounts

T = TypeVar("T")

POLICY = "tokens"

# How many sources are remembered at most, of those that are refused and of those that are counted.
_MOST = 10_000
# How long to wait for attempts of other workers that may yet succeed and give their place back.
_PATIENCE_S = 0.5
_PAUSE_S = 0.02
# Between the turns at an account that has no attempts left: 30,000 a day, where each is another
# address's, and passwords take 10^6 guesses at least.
_TURNS_APART_S = 3.0
# An attempt that has been under way for longer will not end: its worker was killed.
_LOST_S = 10.0


class _Places(Protocol):
    """What attempts are counted in: the shared counts or a worker's own."""

    def take_place(self, source: str, limit: int, window_s: int) -> Tally: ...

    def keep(self, source: str, place: object) -> None: ...

    def give_back(self, source: str, place: object) -> None: ...

    def take_turn(self, account: str, source: str, interval_s: float) -> float | None: ...


@dataclass(frozen=True, slots=True)
class _Held:
    """A place that an attempt has taken: where, and what was counted there then."""

    places: _Places
    key: str
    tally: Tally


class Attempts:
    """Counts failures by source and by account; what succeeds is not counted. Safe for threads.

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
        self, source: str, check: Callable[[], T | None], account: str | None = None
    ) -> tuple[T | None, RateLimitStatus | None]:
        """Return what a check gives, and where its source stands afterwards.

        None and WrongSecret are failures. Raises TooManyRequests, and checks nothing, where the
        source has no attempts left, or the account has none and it is not the source's turn.
        """
        if self._limit is None:
            return check(), None
        held = [self._begin(self._limit, source)]
        tally, failed = held[0].tally, False
        try:
            if account is not None:
                held += self._begin_at(self._limit, account, held[0])
            found = check()
            failed = found is None
        except WrongSecret:
            failed = True
            raise
        finally:
            for place in held:
                self._end(place, failed=failed)
        # The place that was taken is the last of those under way.
        under_way = tally.under_way if failed else tally.under_way[:-1]
        return found, _standing(self._limit, [*tally.failed, *under_way], granted=True)

    def refuse_if_known(self, source: str) -> None:
        """Raise TooManyRequests where this worker knows that a source has no attempts left.

        That costs nothing, and it is certain: a failure counts until its time is over.
        """
        remaining_s = self._refused.remaining_s(source)
        if self._limit is not None and remaining_s > 0:
            age = self._limit.get_expiry() - remaining_s
            raise TooManyRequests(_standing(self._limit, [age] * self._limit.amount, granted=False))

    def _begin(self, limit: RateLimitItem, source: str) -> _Held:
        """Take a place for an attempt from a source; raises TooManyRequests."""
        self.refuse_if_known(source)
        held, failed = self._wait_for_place(limit, source)
        if held is None:
            self._refused.add(source, _until_there_is_room(failed, limit))
            raise TooManyRequests(_standing(limit, failed, granted=False))
        return held

    def _begin_at(self, limit: RateLimitItem, account: str, source: _Held) -> list[_Held]:
        """Take a place for an attempt at an account, or a turn; raises TooManyRequests."""
        held, failed = self._wait_for_place(limit, account)
        if held is not None:
            return [held]
        room_s = _until_there_is_room(failed, limit)
        turn_s = self._take_turn(limit, account, source) if not source.tally.failed else None
        if turn_s == 0:
            return []
        reset_s = math.ceil(min(room_s, room_s if turn_s is None else turn_s))
        standing = _standing(limit, failed, granted=False)
        raise TooManyRequests(replace(standing, reset_s=max(1, reset_s)))

    def _take_turn(self, limit: RateLimitItem, account: str, source: _Held) -> float | None:
        interval_s = min(_TURNS_APART_S, limit.get_expiry() / limit.amount)
        try:
            return self._shared.ask(
                lambda: self._shared.attempts().take_turn(account, source.key, interval_s)
            )
        except CountsAway:
            return self._own.take_turn(account, source.key, interval_s)

    def _wait_for_place(
        self, limit: RateLimitItem, key: str
    ) -> tuple[_Held | None, Sequence[float]]:
        """Take a place; where there is none, return the ages of the failures that stand against it.

        Waits a moment for attempts under way, which may succeed; raises TooManyRequests then.
        """
        until = time.monotonic() + _PATIENCE_S
        while True:
            tally, places = self._take_place(limit, key)
            if tally.place is not None:
                return _Held(places, key, tally), ()
            failed = [*tally.failed, *(age for age in tally.under_way if age > _LOST_S)]
            if len(failed) >= limit.amount:
                return None, failed
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

    def _end(self, held: _Held, *, failed: bool) -> None:
        end = held.places.keep if failed else held.places.give_back
        if held.places is self._own:
            end(held.key, held.tally.place)
            return
        if failed:
            # So that no more are allowed where the shared counts can't be reached any more.
            self._own.note(held.key)
        # Where they are away by now, the attempt counts as failed.
        with suppress(CountsAway):
            self._shared.ask(lambda: end(held.key, held.tally.place))


class OwnAttempts:
    """The attempts that a worker counts for itself, by the same rules; safe for threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._failed: Recent[str, deque[float]] = Recent(_MOST)
        self._under_way: dict[object, tuple[str, float]] = {}
        self._turns: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._last_turn: dict[str, float] = {}

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

    def take_turn(self, account: str, source: str, interval_s: float) -> float | None:
        """Take one's turn at an account if it has come; else return how long it takes until then.

        Returns None where that would be too long to wait for.
        """
        now = time.monotonic()
        with self._lock:
            at = self._turns.pop((account, source), None)
            if at is not None and at <= now < at + TURN_S:
                return 0.0
            if at is None or at <= now:
                at = max(now, self._last_turn.get(account, 0.0)) + interval_s
                if at - now > LONGEST_WAIT_S:
                    return None
                self._last_turn[account] = at
            self._turns[account, source] = at
            self._forget_turns(now)
            return at - now

    def _forget_turns(self, now: float) -> None:
        while self._turns and next(iter(self._turns.values())) + TURN_S < now:
            self._turns.popitem(last=False)
        if len(self._last_turn) > _MOST:
            self._last_turn = {who: at for who, at in self._last_turn.items() if at > now}

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
        self._failed[source] = failed = self._failed.get(source, deque(maxlen=self._limit))
        failed.append(time.monotonic())

    def give_back(self, source: str, place: object) -> None:
        """Record that the attempt has succeeded, and so does not count."""
        with self._lock:
            self._under_way.pop(place)


class _Refused:
    """Which sources have no attempts left, and until when; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: Recent[str, float] = Recent(_MOST)

    def add(self, source: str, seconds: float) -> None:
        with self._lock:
            self._until[source] = time.monotonic() + seconds

    def remaining_s(self, source: str) -> float:
        return self._until.get(source, 0.0) - time.monotonic()


def _standing(limit: RateLimitItem, ages: Sequence[float], *, granted: bool) -> RateLimitStatus:
    remaining = max(0, limit.amount - len(ages)) if granted else 0
    reset = math.ceil(_until_there_is_room(ages, limit))
    return RateLimitStatus(POLICY, limit.amount, limit.get_expiry(), granted, remaining, reset)


def _until_there_is_room(ages: Sequence[float], limit: RateLimitItem) -> float:
    """Return how long it takes until one attempt more is possible than now; 0 where none counts."""
    if not ages:
        return 0.0
    oldest_first = sorted(ages, reverse=True)
    which = max(0, len(ages) - limit.amount)
    return max(0.0, limit.get_expiry() - oldest_first[which])

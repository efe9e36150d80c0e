"""Group commit: whoever arrives while a commit is under way is committed by the next one.

Writers of one event queue in its lane. There is no background thread: the first thread that finds
nobody at work leads a group, which always holds its own request, and then hands over to the first
of those who came meanwhile. The idea is that of a database's log (DeWitt et al., "Implementation
Techniques for Main Memory Database Systems", SIGMOD 1984).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Generic, TypeVar

from ticketing.domain.errors import Busy, OutcomeUnknown

Request = TypeVar("Request")
Result = TypeVar("Result")

Commit = Callable[[str, Sequence[Request]], Sequence[Result | BaseException]]


class _Place(Generic[Request, Result]):
    """One request's place in a lane; its fields change under the lane's lock, or by its leader.

    `wake` is a held lock that is released to wake the one thread that waits for it: a quarter of
    what an Event costs, and the leader pays it for each member of its group.
    """

    __slots__ = ("deadline", "leads", "request", "result", "settled", "taken", "wake")

    def __init__(self, request: Request, deadline: float) -> None:
        self.request = request
        self.deadline = deadline
        self.wake = threading.Lock()
        self.wake.acquire()
        self.taken = False
        self.leads = False
        self.settled = False
        self.result: Result | BaseException | None = None

    def settle(self, result: Result | BaseException) -> None:
        self.result = result
        self.settled = True
        if not self.leads:
            self.wake.release()


class _Lane(Generic[Request, Result]):
    __slots__ = ("led", "lock", "queue", "users")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.queue: deque[_Place[Request, Result]] = deque()
        self.led = False
        self.users = 0


class Lanes(Generic[Request, Result]):
    """One lane per event within this process.

    `commit(event_id, requests)` answers each request with its result or with an exception, which
    is raised in the thread that brought the request. What `commit` itself raises reaches them all.
    At most `size` requests go into one group.
    """

    def __init__(
        self,
        commit: Commit[Request, Result],
        *,
        size: int,
        settle_s: float,
        turn: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._commit = commit
        self._turn = turn
        self._size = size
        self._settle_s = settle_s
        self._lanes: dict[str, _Lane[Request, Result]] = {}
        self._lock = threading.Lock()

    def submit(self, event_id: str, request: Request, *, wait_s: float) -> Result:
        """Have a request committed and return its result, or raise what became of it.

        A request that no group has taken after `wait_s` is withdrawn: raises Busy, and nothing has
        happened. Once taken, it waits for the commit; after `settle_s` raises OutcomeUnknown.
        """
        place: _Place[Request, Result] = _Place(request, time.monotonic() + wait_s)
        with self._using(event_id) as lane:
            self._enter(lane, place)
            self._await(lane, place)
            if place.leads:
                self._lead(event_id, lane)

        if isinstance(place.result, BaseException):
            raise place.result
        return place.result  # type: ignore[return-value]

    @contextmanager
    def _using(self, event_id: str) -> Iterator[_Lane[Request, Result]]:
        """Keep the lane while anybody is in it, and not longer."""
        with self._lock:
            lane = self._lanes.setdefault(event_id, _Lane())
            lane.users += 1
        try:
            yield lane
        finally:
            with self._lock:
                lane.users -= 1
                if not lane.users:
                    del self._lanes[event_id]

    def _enter(self, lane: _Lane[Request, Result], place: _Place[Request, Result]) -> None:
        with lane.lock:
            lane.queue.append(place)
            if not lane.led:
                lane.led = place.leads = True

    def _await(self, lane: _Lane[Request, Result], place: _Place[Request, Result]) -> None:
        """Wait until the place is settled or leads."""
        if place.leads or place.wake.acquire(timeout=_left(place)):
            return
        with lane.lock:
            if place.leads or place.settled:
                return
            if not place.taken:
                lane.queue.remove(place)
                raise Busy
        if not place.wake.acquire(timeout=self._settle_s):
            raise OutcomeUnknown

    def _lead(self, event_id: str, lane: _Lane[Request, Result]) -> None:
        """Commit one group, the head of the queue being the leader itself, and hand over.

        The group is taken when its turn has come, so that it holds all who came meanwhile.
        """
        group: list[_Place[Request, Result]] = []
        results: Sequence[Result | BaseException] = ()
        try:
            with self._turn(event_id):
                group = self._take(lane)
                results = self._commit(event_id, [place.request for place in group])
        except BaseException as error:  # noqa: BLE001 - it reaches every member
            group = group or self._take(lane)
            results = [error] * len(group)
        finally:
            self._hand_over(lane)
            for place, result in zip(group, results, strict=True):
                place.settle(result)

    def _take(self, lane: _Lane[Request, Result]) -> list[_Place[Request, Result]]:
        with lane.lock:
            group = [lane.queue.popleft() for _ in range(min(self._size, len(lane.queue)))]
            for place in group:
                place.taken = True
        return group

    def _hand_over(self, lane: _Lane[Request, Result]) -> None:
        with lane.lock:
            if lane.queue:
                lane.queue[0].leads = True
                lane.queue[0].wake.release()
            else:
                lane.led = False


def _left(place: _Place[Request, Result]) -> float:
    return max(0.0, place.deadline - time.monotonic())

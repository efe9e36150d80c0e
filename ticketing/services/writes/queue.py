"""Group commit: whoever arrives while a commit is under way is committed by the next one.

Writers of one event stand in its queue. There is no background thread: the first thread that finds
nobody at work leads. The idea is that of a database's log (DeWitt et al., "Implementation
Techniques for Main Memory Database Systems", SIGMOD 1984).

A waiter is in one of four states, and only ever moves down:

    queued      in the queue; may be withdrawn after `wait_s`: Busy, nothing has happened
    leading     at the head of the queue; its thread takes a batch, itself first, and commits it
    taken       in a batch; can't be withdrawn any more, since the commit may come through:
                after `complete_s` OutcomeUnknown
    completed   has its result; its thread is awake, or will be woken by the one before it

Followers wake one after the other: the leader wakes the first, and each wakes the next once it
runs. All at once they would only wait for the interpreter, which lets one of them run at a time,
and make each other give it up: three times as many switches between threads.

Two invariants. **While the queue holds anybody, exactly one thread leads**: a leader hands over in
a `finally`, so an error, or the end of its own time, can't leave a queue without one; and a queue
is forgotten only when no thread is in it. What the commit raises reaches every member of the batch.
**Whoever is completed is woken**: who has given up by then is left out of the line, and all others
pass it on, also those whose time ends in the moment in which they are completed.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Generic, TypeVar

from ticketing.domain.errors import Busy, OutcomeUnknown
from ticketing.storage.driver.deadlines import remaining

Item = TypeVar("Item")
Result = TypeVar("Result")

Commit = Callable[[str, Sequence[Item]], Sequence[Result | BaseException]]


class _Waiter(Generic[Item, Result]):
    """An item and the thread that waits for its result (a future).

    Its fields change under the queue's lock, or by its leader. `wake` is a held lock that is
    released to wake the one thread that waits for it: a quarter of what an Event costs. `next` is
    whom it wakes in turn, once it is completed.
    """

    __slots__ = (
        "completed", "deadline", "gave_up", "item", "leads", "next", "result", "taken", "wake"
    )  # fmt: skip

    def __init__(self, item: Item, deadline: float) -> None:
        self.item = item
        self.deadline = deadline
        self.wake = threading.Lock()
        self.wake.acquire()
        self.taken = False
        self.leads = False
        self.completed = False
        self.gave_up = False
        self.next: _Waiter[Item, Result] | None = None
        self.result: Result | BaseException | None = None

    def wake_next(self) -> None:
        if self.next is not None:
            self.next.wake.release()


class _BatchQueue(Generic[Item, Result]):
    """Those who wait for one event. `led` tells whether a thread leads, `users` how many are in."""

    __slots__ = ("led", "lock", "users", "waiters")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiters: deque[_Waiter[Item, Result]] = deque()
        self.led = False
        self.users = 0


class BatchQueues(Generic[Item, Result]):
    """One queue per event within this process.

    `commit(event_id, items)` returns for each item its result, or an exception, which is raised in
    the thread that brought the item. At most `size` items go into one batch. `turn(event_id)` is
    entered around each commit: the lock between the processes of a host.
    """

    def __init__(
        self,
        commit: Commit[Item, Result],
        *,
        size: int,
        complete_s: float,
        turn: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._commit = commit
        self._turn = turn
        self._size = size
        self._complete_s = complete_s
        self._queues: dict[str, _BatchQueue[Item, Result]] = {}
        self._lock = threading.Lock()

    def submit(self, event_id: str, item: Item, *, wait_s: float) -> Result:
        """Commit an item with whatever else is in the queue; return its result, or raise its error.

        An item that no batch has taken after `wait_s`, or when the time of its request is over, is
        withdrawn: raises Busy, and nothing has happened. Whoever waited for longer could only lead
        a batch into its end. Once taken, it waits for the commit; after `complete_s` raises
        OutcomeUnknown.
        """
        until = time.monotonic() + min(wait_s, remaining())
        waiter: _Waiter[Item, Result] = _Waiter(item, until)
        with self._using(event_id) as queue:
            self._enter(queue, waiter)
            self._await(queue, waiter)
            if waiter.leads:
                self._lead(event_id, queue)
            waiter.wake_next()

        if isinstance(waiter.result, BaseException):
            raise waiter.result
        return waiter.result  # type: ignore[return-value]

    @contextmanager
    def _using(self, event_id: str) -> Iterator[_BatchQueue[Item, Result]]:
        """Keep the queue while any thread is in it, and not longer."""
        with self._lock:
            queue = self._queues.setdefault(event_id, _BatchQueue())
            queue.users += 1
        try:
            yield queue
        finally:
            with self._lock:
                queue.users -= 1
                if not queue.users:
                    del self._queues[event_id]

    def _enter(self, queue: _BatchQueue[Item, Result], waiter: _Waiter[Item, Result]) -> None:
        with queue.lock:
            queue.waiters.append(waiter)
            if not queue.led:
                queue.led = waiter.leads = True

    def _await(self, queue: _BatchQueue[Item, Result], waiter: _Waiter[Item, Result]) -> None:
        """Wait until the waiter is completed or leads."""
        if waiter.leads or waiter.wake.acquire(timeout=_remaining(waiter)):
            return
        # The time is over, but the waiter may have been taken, completed or made the leader in the
        # same moment. Under the lock it is in one state: only a queued one can be withdrawn, and a
        # leader that went away here would leave a queue that nobody leads.
        with queue.lock:
            if waiter.leads or waiter.completed:
                return
            if not waiter.taken:
                queue.waiters.remove(waiter)
                raise Busy
        if waiter.wake.acquire(timeout=self._complete_s):
            return
        with queue.lock:
            if not waiter.completed:
                waiter.gave_up = True
                raise OutcomeUnknown

    def _lead(self, event_id: str, queue: _BatchQueue[Item, Result]) -> None:
        """Commit one batch, the head of the queue being the leader itself, and hand over.

        The batch is taken when its turn has come, so that it holds all who came meanwhile.
        """
        batch: list[_Waiter[Item, Result]] = []
        results: Sequence[Result | BaseException] = ()
        try:
            with self._turn(event_id):
                batch = self._take(queue)
                results = self._commit(event_id, [waiter.item for waiter in batch])
        except BaseException as error:  # noqa: BLE001 - it reaches every member
            # Where not even the turn could be had, the batch is still to be taken: whoever waits
            # gets the error, and nobody waits for a commit that will not come.
            batch = batch or self._take(queue)
            results = [error] * len(batch)
        finally:
            # The lead first: the next batch may start while the threads of this one wake up.
            self._hand_over(queue)
            self._complete(queue, batch, results)

    def _take(self, queue: _BatchQueue[Item, Result]) -> list[_Waiter[Item, Result]]:
        with queue.lock:
            size = min(self._size, len(queue.waiters))
            batch = [queue.waiters.popleft() for _ in range(size)]
            for waiter in batch:
                waiter.taken = True
        return batch

    def _complete(
        self,
        queue: _BatchQueue[Item, Result],
        batch: Sequence[_Waiter[Item, Result]],
        results: Sequence[Result | BaseException],
    ) -> None:
        """Give each its result, and the leader whom to wake first."""
        with queue.lock:
            last = None
            for waiter, result in zip(batch, results, strict=True):
                if waiter.gave_up:
                    continue
                waiter.result = result
                waiter.completed = True
                if last is not None:
                    last.next = waiter
                last = waiter

    def _hand_over(self, queue: _BatchQueue[Item, Result]) -> None:
        with queue.lock:
            if queue.waiters:
                queue.waiters[0].leads = True
                queue.waiters[0].wake.release()
            else:
                queue.led = False


def _remaining(waiter: _Waiter[Item, Result]) -> float:
    return max(0.0, waiter.deadline - time.monotonic())

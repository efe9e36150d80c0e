"""Those who wait for a commit on one event, and what is known of each while they wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Waiter(Generic[Item, Result]):
    """An item and the thread that waits for its result (a future).

    Its fields change under the queue's lock, or by its leader. `wake` is a held lock that is
    released to wake the one thread that waits for it: a quarter of what an Event costs. `next` is
    whom it wakes in turn, once it is completed. `number` is that of its publication, while it is
    published, and `stamp` what `taken_unlocked` was then; who is `withheld` is not published.
    """

    __slots__ = (
        "completed", "deadline", "gave_up", "item", "leads", "next", "number", "result", "stamp",
        "taken", "wake", "withheld",
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
        self.withheld = False
        self.number: int | None = None
        self.stamp = 0
        self.next: Waiter[Item, Result] | None = None
        self.result: Result | BaseException | None = None

    def remaining(self) -> float:
        """Return for how many seconds it may still be withdrawn."""
        return max(0.0, self.deadline - time.monotonic())

    def wake_next(self) -> None:
        """Wake whoever is next."""
        if self.next is not None:
            self.next.wake.release()

    def set_result(self, result: Result | BaseException) -> None:
        """Give it its result; its thread is still to be woken."""
        self.result = result
        self.completed = True


class EventQueue(Generic[Item, Result]):
    """Those who wait for one event: `waiters` in this process, `published` for others to take.

    `led` tells whether a thread leads, `publishes` whether whoever comes is published at once,
    `users` how many threads are in.
    """

    __slots__ = ("led", "lock", "published", "publishes", "users", "waiters")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiters: deque[Waiter[Item, Result]] = deque()
        self.published: dict[int, Waiter[Item, Result]] = {}
        self.led = False
        self.publishes = False
        self.users = 0

    def dequeue(self, most: int) -> list[Waiter[Item, Result]]:
        """Take the first who are queued, at most so many: they can't be withdrawn any more."""
        taken = [self.waiters.popleft() for _ in range(min(most, len(self.waiters)))]
        for waiter in taken:
            waiter.taken = True
        return taken

    def withdraw_publication(self, number: int) -> Waiter[Item, Result] | None:
        """Return whose publication it was, which is none any more; None if it is not known."""
        waiter = self.published.pop(number, None)
        if waiter is not None:
            waiter.number = None
        return waiter

    def heir(self) -> Waiter[Item, Result] | None:
        """Return who is to lead next: the first in the queue, or else the first published."""
        if self.waiters:
            return self.waiters[0]
        return next(iter(self.published.values()), None)

    def hand_over(self) -> None:
        """Make the heir the leader, or leave the queue without one where nobody waits."""
        with self.lock:
            self.publishes = False
            heir = self.heir()
            if heir is None:
                self.led = False
            else:
                heir.leads = True
                heir.wake.release()

    def complete_batch(
        self,
        batch: Sequence[object],
        results: Sequence[Result | BaseException],
        leader: Waiter[Item, Result] | None,
    ) -> None:
        """Give each of a batch who waits here its result; guests have theirs already."""
        with self.lock:
            complete_in_line(
                [
                    (member, result)
                    for member, result in zip(batch, results, strict=True)
                    if isinstance(member, Waiter)
                ],
                leader,
            )


def complete_in_line(
    completed: Sequence[tuple[Waiter[Item, Result], Result | BaseException]],
    leader: Waiter[Item, Result] | None = None,
) -> None:
    """Give each its result, and to each whom to wake next; under the lock of their queue.

    Who leads is awake: the leader that is given wakes the first. Else the first is woken here, last
    of all, since from then on it may be gone.
    """
    first, last = None, leader
    for waiter, result in completed:
        if waiter.gave_up:
            continue
        waiter.set_result(result)
        if waiter.leads:
            continue
        if last is None:
            first = waiter
        else:
            last.next = waiter
        last = waiter
    if first is not None:
        first.wake.release()

"""Group commit: whoever arrives while a commit is under way is committed by the next one.

Writers of one event stand in its queue. There is no background thread: the first thread that finds
nobody at work leads. The idea is that of a database's log (DeWitt et al., "Implementation
Techniques for Main Memory Database Systems", SIGMOD 1984).

A waiter is in one of five states, and moves down; only what is published may come back:

    queued      in the queue; may be withdrawn after `wait_s`: Busy, nothing has happened
    leading     its thread takes a batch, and commits it
    published   for the other workers to take, while its own waits for the host's lock (`combining`)
    taken       in a batch; can't be withdrawn any more, as what is published, since the commit may
                come through: after `complete_s` OutcomeUnknown
    completed   has its result; its thread is awake, or will be woken by the one before it

Followers wake one after the other: the leader wakes the first, and each wakes the next once it
runs. All at once they would only wait for the interpreter, which lets one of them run at a time,
and make each other give it up: three times as many switches between threads.

Two invariants. **While the queue holds anybody, exactly one thread leads**: a leader hands over
whatever is raised, so an error, or the end of its own time, can't leave a queue without one; and a
queue is forgotten only when no thread is in it. What the commit raises reaches every member of the
batch.
**Whoever is completed is woken**: who has given up by then is left out of the line, and all others
pass it on, also those whose time ends in the moment in which they are completed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import count
from secrets import randbits
from typing import Generic, TypeVar

from ticketing.domain.errors import Busy, OutcomeUnknown
from ticketing.services.writes.combining import (
    Guest,
    NoPublications,
    NotTaken,
    Publications,
    Reply,
)
from ticketing.services.writes.host_lock import Lock, Meanwhile
from ticketing.services.writes.waiters import EventQueue, Waiter, complete_in_line
from ticketing.storage.driver.deadlines import remaining

Item = TypeVar("Item")
Result = TypeVar("Result")

Commit = Callable[[str, Sequence[Item]], Sequence[Result | BaseException]]

# Of a batch: somebody who waits in this process, or in another worker.
Member = Waiter[Item, Result] | Guest[Item]

# Whose turn it is: entered around each commit.
Turn = Callable[[str, Meanwhile], AbstractContextManager[Lock]]


def _at_once(_: str, __: Meanwhile) -> AbstractContextManager[Lock]:
    return nullcontext(Lock.HELD)


# How long a leader listens that has no lock and nothing to commit.
_PAUSE_S = 0.005


class BatchQueues(Generic[Item, Result]):
    """One queue per event within this process.

    `commit(event_id, items)` returns for each item its result, or an exception, which is raised in
    the thread that brought the item. At most `size` items go into one batch. `turn(event_id,
    meanwhile)` is entered around each commit: the lock between the processes of a host. What was
    published and got lost is committed anew if `repeatable` says so of it.
    """

    def __init__(
        self,
        commit: Commit[Item, Result],
        *,
        size: int,
        complete_s: float,
        turn: Turn = _at_once,
        repeatable: Callable[[Item], bool] = lambda _: False,
    ) -> None:
        self._commit = commit
        self._turn = turn
        self._size = size
        self._complete_s = complete_s
        self._repeatable = repeatable
        self._queues: dict[str, EventQueue[Item, Result]] = {}
        self._lock = threading.Lock()
        self._hearing = threading.Lock()
        # At random, so that no other process that was in our place before has had the same.
        self._numbers = count(randbits(31) << 32)
        self._queue_of: dict[int, EventQueue[Item, Result]] = {}
        self.publications: Publications[Item, Result] = NoPublications()

    def submit(self, event_id: str, item: Item, *, wait_s: float) -> Result:
        """Commit an item with whatever else is in the queue; return its result, or raise its error.

        An item that no batch has taken after `wait_s`, or when the time of its request is over, is
        withdrawn: raises Busy, and nothing has happened. Whoever waited for longer could only lead
        a batch into its end. Once taken, it waits for the commit; after `complete_s` raises
        OutcomeUnknown.
        """
        until = time.monotonic() + min(wait_s, remaining())
        with self._using(event_id) as queue:
            waiter: Waiter[Item, Result] = Waiter(item, until)
            self._enter(event_id, queue, waiter)
            self._await(queue, waiter)
            while waiter.leads and not self._lead(event_id, queue, waiter):
                pass
            waiter.wake_next()

        if isinstance(waiter.result, BaseException):
            raise waiter.result
        return waiter.result  # type: ignore[return-value]

    @contextmanager
    def _using(self, event_id: str) -> Iterator[EventQueue[Item, Result]]:
        """Keep the queue while any thread is in it, and not longer."""
        with self._lock:
            queue = self._queues.setdefault(event_id, EventQueue())
            queue.users += 1
        try:
            yield queue
        finally:
            with self._lock:
                queue.users -= 1
                if not queue.users:
                    del self._queues[event_id]

    def _enter(
        self, event_id: str, queue: EventQueue[Item, Result], waiter: Waiter[Item, Result]
    ) -> None:
        with queue.lock:
            queue.waiters.append(waiter)
            if not queue.led:
                queue.led = waiter.leads = True
            elif queue.publishes:
                self._publish_queued(event_id, queue)

    def _await(self, queue: EventQueue[Item, Result], waiter: Waiter[Item, Result]) -> None:
        """Wait until the waiter is completed or leads."""
        if waiter.leads or waiter.wake.acquire(timeout=waiter.remaining()):
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
            if waiter.leads or waiter.completed:
                return
            waiter.gave_up = True
            if waiter.number is not None:
                self._withdraw(queue, waiter.number)
            raise OutcomeUnknown

    def _lead(
        self, event_id: str, queue: EventQueue[Item, Result], leader: Waiter[Item, Result]
    ) -> bool:
        """Commit one batch, and hand over once the leader itself was in one, whoever committed it.

        The batch is taken when its turn has come, so that it holds all who came meanwhile. Returns
        False where the leader still has to lead.
        """
        batch: Sequence[Member[Item, Result]] = ()
        results: Sequence[Result | BaseException] = ()
        try:
            meanwhile = partial(self._meanwhile, event_id, queue, leader)
            if not leader.completed:
                with self._turn(event_id, meanwhile) as lock:
                    if lock is not Lock.NOT_WANTED:
                        batch = self._take_batch(event_id, queue, locked=lock is Lock.HELD)
                        results = self._committed(event_id, queue, batch)
            if not batch and not leader.completed:
                self._listen(queue, leader)
        except BaseException as error:  # noqa: BLE001 - it reaches every member
            # Where not even the turn could be had, whoever waits gets the error, and nobody waits
            # for a commit that will not come.
            batch = batch or self._take_own(queue, leader)
            results = results or [error] * len(batch)
        is_done = leader.completed or leader in batch
        # The lead first: the next batch may start while the threads of this one wake up.
        if is_done:
            queue.hand_over()
        queue.complete_batch(batch, results, leader if is_done else None)
        return is_done

    def _listen(self, queue: EventQueue[Item, Result], leader: Waiter[Item, Result]) -> None:
        """Listen for a moment: somebody has taken what is published here.

        A leader waits as long as those who follow it, and no longer.
        """
        self.publications.await_reply(_PAUSE_S)
        self._hear()
        if time.monotonic() > leader.deadline + self._complete_s:
            with queue.lock:
                self._give_up(queue, leader)

    def _give_up(self, queue: EventQueue[Item, Result], leader: Waiter[Item, Result]) -> None:
        """Complete a leader that is published: whether it was committed is not known."""
        if leader.number is not None and self._withdraw(queue, leader.number):
            leader.set_result(OutcomeUnknown())

    def _committed(
        self,
        event_id: str,
        queue: EventQueue[Item, Result],
        batch: Sequence[Member[Item, Result]],
    ) -> Sequence[Result | BaseException]:
        """Commit a batch, and reply to its guests while the turn is still ours."""
        if not batch:
            return ()
        results: Sequence[Result | BaseException]
        try:
            results = self._commit(event_id, [member.item for member in batch])
        except BaseException as error:  # noqa: BLE001 - it reaches every member
            results = [error] * len(batch)
        guests = [
            (member, result)
            for member, result in zip(batch, results, strict=True)
            if isinstance(member, Guest)
        ]
        if guests:
            self.publications.reply(guests)
            # Whoever is next among the workers finds them all together.
            with queue.lock:
                self._publish_queued(event_id, queue)
        return results

    def _meanwhile(
        self,
        event_id: str,
        queue: EventQueue[Item, Result],
        leader: Waiter[Item, Result],
        pause_s: float,
    ) -> bool:
        """Publish who is queued, and hear of who was published; return whether the leader waits."""
        with queue.lock:
            queue.publishes = True
            self._publish_queued(event_id, queue)
        self.publications.await_reply(pause_s)
        self._hear()
        return not leader.completed

    def _publish_queued(self, event_id: str, queue: EventQueue[Item, Result]) -> None:
        """Publish who is queued, in order; under the queue's lock."""
        while queue.waiters and not queue.waiters[0].withheld:
            waiter = queue.waiters[0]
            number = next(self._numbers)
            waiter.stamp = self.publications.taken_unlocked(event_id)
            self._queue_of[number] = queue
            if not self.publications.publish(event_id, number, waiter.item, waiter.deadline):
                del self._queue_of[number]
                waiter.withheld = True
                return
            queue.waiters.popleft()
            waiter.number, waiter.taken = number, True
            queue.published[number] = waiter

    def _hear(self) -> None:
        """Complete who has been replied to, of whichever queue.

        One thread after the other: whoever was replied to before this is complete after it.
        """
        with self._hearing:
            by_queue: dict[EventQueue[Item, Result], list[Reply[Result]]] = {}
            for number, reply in self.publications.replies():
                if (queue := self._queue_of.get(number)) is not None:
                    by_queue.setdefault(queue, []).append((number, reply))
            for queue, replies in by_queue.items():
                self._complete_published(queue, replies)

    def _complete_published(
        self, queue: EventQueue[Item, Result], replies: Sequence[Reply[Result]]
    ) -> None:
        completed: list[tuple[Waiter[Item, Result], Result | BaseException]] = []
        with queue.lock:
            for number, reply in replies:
                waiter = self._withdraw(queue, number)
                if waiter is None:
                    continue
                if isinstance(reply, NotTaken):
                    self._requeue(queue, waiter)
                else:
                    completed.append((waiter, reply))
            complete_in_line(completed)

    def _requeue(self, queue: EventQueue[Item, Result], waiter: Waiter[Item, Result]) -> None:
        """Queue who was not taken again, at the head; whose time is over would be too late."""
        if not waiter.remaining():
            complete_in_line([(waiter, Busy())])
            return
        waiter.taken, waiter.withheld = False, True
        queue.waiters.appendleft(waiter)

    def _take_batch(
        self, event_id: str, queue: EventQueue[Item, Result], *, locked: bool
    ) -> list[Member[Item, Result]]:
        """Take a batch: what is published by all workers, and then who is in the queue here."""
        with queue.lock:
            queue.publishes = False
        taken, is_all = self.publications.take_published(event_id, self._size, locked=locked)
        batch: list[Member[Item, Result]] = []
        with queue.lock:
            for one in taken:
                own = self._withdraw(queue, one) if isinstance(one, int) else one
                if own is not None:
                    batch.append(own)
        if locked and is_all and queue.published:
            batch += self._to_repeat(queue, self._lost(event_id, queue))
        with queue.lock:
            batch += queue.dequeue(self._size - len(batch))
        return batch

    def _to_repeat(
        self, queue: EventQueue[Item, Result], lost: Sequence[Waiter[Item, Result]]
    ) -> Sequence[Waiter[Item, Result]]:
        """Return who of the lost can be committed again; of the others nothing is known."""
        with queue.lock:
            unknown = [waiter for waiter in lost if not self._repeatable(waiter.item)]
            complete_in_line([(waiter, OutcomeUnknown()) for waiter in unknown])
        return [waiter for waiter in lost if self._repeatable(waiter.item)]

    def _lost(
        self, event_id: str, queue: EventQueue[Item, Result]
    ) -> Sequence[Waiter[Item, Result]]:
        """Withdraw who is neither in the list any more nor replied to, though we have the lock.

        Whoever has taken them is dead, and they may have been committed.
        """
        self._hear()
        stamp = self.publications.taken_unlocked(event_id)
        with queue.lock:
            numbers = [n for n, waiter in queue.published.items() if waiter.stamp == stamp]
            return [waiter for n in numbers if (waiter := self._withdraw(queue, n))]

    def _take_own(
        self, queue: EventQueue[Item, Result], leader: Waiter[Item, Result]
    ) -> Sequence[Member[Item, Result]]:
        """Take who is in the queue here; of the leader, if it is published, nothing is known."""
        with queue.lock:
            queue.publishes = False
            self._give_up(queue, leader)
            return queue.dequeue(self._size)

    def _withdraw(
        self, queue: EventQueue[Item, Result], number: int
    ) -> Waiter[Item, Result] | None:
        self._queue_of.pop(number, None)
        return queue.withdraw_publication(number)

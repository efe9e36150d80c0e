from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.system.waiting import NEVER_S
from ticketing.domain.errors import Busy, OutcomeUnknown
from ticketing.services.writes import queue as module
from ticketing.services.writes.queue import BatchQueues

WAIT_S = 5.0

_numbers = itertools.count()


class Gate:
    """A commit that waits until it is let through, and remembers its groups."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.entered = threading.Semaphore(0)
        self.open = threading.Semaphore(0)

    def __call__(self, event_id: str, requests: Sequence[str]) -> Sequence[str]:
        self.groups.append(list(requests))
        self.entered.release()
        assert self.open.acquire(timeout=WAIT_S)
        return [f"{request} done" for request in requests]

    def await_commit(self) -> None:
        assert self.entered.acquire(timeout=WAIT_S)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as executor:
        yield executor


def queues_of(commit: Callable[..., Sequence[str]], **known: object) -> BatchQueues[str, str]:
    values: dict[str, object] = {"size": 8, "complete_s": WAIT_S}
    return BatchQueues(commit, **{**values, **known})  # type: ignore[arg-type]


def queued(queues: BatchQueues[str, str], event_id: str, number: int) -> None:
    """Wait until so many requests are in the queue."""
    for _ in range(500):
        queue = queues._queues.get(event_id)
        if queue and len(queue.waiters) == number:
            return
        threading.Event().wait(0.01)
    pytest.fail(f"{number} requests never queued")


def in_order(
    pool: ThreadPoolExecutor, queues: BatchQueues[str, str], *requests: str, behind: int = 0
) -> list[Future[str]]:
    """Queue requests behind a commit that is under way, one after the other."""
    futures = []
    for place, request in enumerate(requests, 1 + behind):
        futures.append(pool.submit(queues.submit, "e1", request, wait_s=NEVER_S))
        queued(queues, "e1", place)
    return futures


def test_commits_who_comes_alone_alone():
    queues = queues_of(lambda _, requests: [r.upper() for r in requests])

    assert queues.submit("e1", "a", wait_s=WAIT_S) == "A"


def test_commits_those_together_who_came_during_a_commit(pool):
    gate = Gate()
    queues = queues_of(gate)
    first = pool.submit(queues.submit, "e1", "a", wait_s=WAIT_S)
    gate.await_commit()
    rest = in_order(pool, queues, "b", "c", "d")

    gate.open.release(2)

    assert first.result(WAIT_S) == "a done"
    assert [f.result(WAIT_S) for f in rest] == ["b done", "c done", "d done"]
    assert gate.groups == [["a"], ["b", "c", "d"]]


def test_takes_no_more_into_a_group_than_fit(pool):
    gate = Gate()
    queues = queues_of(gate, size=2)
    first = pool.submit(queues.submit, "e1", "a", wait_s=WAIT_S)
    gate.await_commit()
    rest = in_order(pool, queues, "b", "c", "d")

    gate.open.release(3)

    for future in [first, *rest]:
        future.result(WAIT_S)
    assert gate.groups == [["a"], ["b", "c"], ["d"]]


def test_lets_events_go_ahead_of_each_other(pool):
    gate = Gate()
    queues = queues_of(gate)

    one = pool.submit(queues.submit, "e1", "a", wait_s=WAIT_S)
    other = pool.submit(queues.submit, "e2", "b", wait_s=WAIT_S)
    gate.await_commit()
    gate.await_commit()
    gate.open.release(2)

    assert {one.result(WAIT_S), other.result(WAIT_S)} == {"a done", "b done"}


def test_gives_each_member_its_own_error():
    queues = queues_of(lambda _, requests: [ValueError(r) for r in requests])

    with pytest.raises(ValueError, match="a"):
        queues.submit("e1", "a", wait_s=WAIT_S)


def test_lets_an_unexpected_error_reach_every_member_and_goes_on(pool):
    gate = Gate()

    def commit(event_id: str, requests: Sequence[str]) -> Sequence[str]:
        results = gate(event_id, requests)
        if "b" in requests:
            raise RuntimeError("broken")
        return results

    queues = queues_of(commit)
    first = pool.submit(queues.submit, "e1", "a", wait_s=WAIT_S)
    gate.await_commit()
    rest = in_order(pool, queues, "b", "c")
    gate.open.release(3)

    assert first.result(WAIT_S) == "a done"
    for future in rest:
        with pytest.raises(RuntimeError, match="broken"):
            future.result(WAIT_S)
    assert queues.submit("e1", "d", wait_s=WAIT_S) == "d done"


def test_goes_on_after_a_turn_that_never_came():
    @contextmanager
    def no_turn(*_: object) -> Iterator[None]:
        raise OSError("no space")
        yield

    queues = queues_of(lambda _, requests: list(requests), turn=no_turn)

    for _ in range(2):
        with pytest.raises(OSError, match="no space"):
            queues.submit("e1", "a", wait_s=WAIT_S)


def test_withdraws_a_request_that_no_group_took_in_time(pool):
    gate = Gate()
    queues = queues_of(gate)
    first = pool.submit(queues.submit, "e1", "a", wait_s=WAIT_S)
    gate.await_commit()

    with pytest.raises(Busy):
        queues.submit("e1", "b", wait_s=0.05)

    gate.open.release(1)
    assert first.result(WAIT_S) == "a done"
    assert gate.groups == [["a"]]


def test_says_that_the_outcome_is_unknown_once_a_group_took_the_request(pool):
    gate = Gate()
    queues = queues_of(gate, complete_s=0.05)
    first = pool.submit(queues.submit, "e1", "a", wait_s=WAIT_S)
    gate.await_commit()
    second = pool.submit(queues.submit, "e1", "b", wait_s=WAIT_S)
    queued(queues, "e1", 1)
    third = pool.submit(queues.submit, "e1", "c", wait_s=0.2)
    queued(queues, "e1", 2)

    gate.open.release(1)
    gate.await_commit()
    with pytest.raises(OutcomeUnknown):
        third.result(WAIT_S)
    gate.open.release(1)

    assert (first.result(WAIT_S), second.result(WAIT_S)) == ("a done", "b done")


class Wake:
    """A lock that notes who was not woken: by its number, in the order of the waiters."""

    overslept: list[int]

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = next(_numbers)

    def acquire(self, *, timeout: float = -1) -> bool:
        woken = self._lock.acquire(timeout=timeout)
        if not woken:
            self.overslept.append(self._number)
        return woken

    def release(self) -> None:
        self._lock.release()


@pytest.fixture
def overslept(monkeypatch):
    """Those who woke because their time was over, by their place among all."""
    global _numbers
    _numbers = itertools.count()
    Wake.overslept = []
    original = module.Waiter.__init__

    def made(self, *args):
        original(self, *args)
        self.wake = Wake()
        self.wake.acquire()

    monkeypatch.setattr(module.Waiter, "__init__", made)
    return Wake.overslept


def in_line(pool, queues, gate, *behind):
    """Have "a" commit, "b" lead the next batch, "c" wait there for a second, and others behind."""
    first = pool.submit(queues.submit, "e1", "a", wait_s=NEVER_S)
    gate.await_commit()
    (leader,) = in_order(pool, queues, "b")
    late = pool.submit(queues.submit, "e1", "c", wait_s=1)
    queued(queues, "e1", 2)
    return first, leader, late, *in_order(pool, queues, *behind, behind=2)


def test_wakes_those_behind_somebody_who_gave_up(pool, overslept):
    gate = Gate()
    queues = queues_of(gate, complete_s=0.05)
    first, leader, gives_up, *behind = in_line(pool, queues, gate, "d", "e")

    gate.open.release(1)
    gate.await_commit()
    with pytest.raises(OutcomeUnknown):
        gives_up.result(NEVER_S)
    gate.open.release(1)

    assert [one.result(NEVER_S) for one in (first, leader, *behind)] == [
        f"{name} done" for name in "abde"
    ]
    assert set(overslept) == {2}


def test_wakes_those_behind_somebody_whose_time_ends_as_they_are_completed(
    pool, monkeypatch, overslept
):
    """The one finds that it is completed and goes, before anybody has woken it."""
    ended, completed = threading.Event(), threading.Event()
    original = module.EventQueue.complete_batch

    def complete(queue, batch, *rest):
        original(queue, batch, *rest)
        if len(batch) > 1:
            completed.set()
            assert ended.wait(NEVER_S)

    monkeypatch.setattr(module.EventQueue, "complete_batch", complete)
    gate = Gate()
    queues = queues_of(gate)
    first, leader, late, *behind = in_line(pool, queues, gate, "d")

    gate.open.release(2)
    assert completed.wait(NEVER_S)
    # The leader has woken nobody yet: by itself the late one finds out, and wakes the one behind.
    assert late.result(NEVER_S) == "c done"
    assert behind[0].result(NEVER_S) == "d done"
    ended.set()
    assert [one.result(NEVER_S) for one in (first, leader)] == ["a done", "b done"]
    assert set(overslept) == {2}


def test_wakes_one_after_the_other(pool, monkeypatch, overslept):
    """Nobody is woken before the one in front of them runs."""
    entered, go_on = threading.Semaphore(0), threading.Semaphore(0)
    original = module.Waiter.wake_next

    def wake_next(self):
        if self.next is not None:
            entered.release()
            assert go_on.acquire(timeout=NEVER_S)
        original(self)

    monkeypatch.setattr(module.Waiter, "wake_next", wake_next)
    gate = Gate()
    queues = queues_of(gate)
    first = pool.submit(queues.submit, "e1", "a", wait_s=NEVER_S)
    gate.await_commit()
    others = in_order(pool, queues, *"bcde")
    gate.open.release(2)

    for number in range(3):
        assert entered.acquire(timeout=NEVER_S)
        assert not any(other.done() for other in others[number:])
        go_on.release()
    assert [one.result(NEVER_S) for one in (first, *others)] == [f"{n} done" for n in "abcde"]
    assert not overslept


def test_keeps_no_lane_that_nobody_is_in():
    queues = queues_of(lambda _, requests: list(requests))

    for number in range(100):
        queues.submit(f"e{number}", "a", wait_s=WAIT_S)

    assert queues._queues == {}


def test_answers_everybody_under_load(pool):
    queues = queues_of(lambda _, requests: [f"{r} done" for r in requests], size=3)

    futures = {
        f"r{n}": pool.submit(queues.submit, f"e{n % 3}", f"r{n}", wait_s=WAIT_S)
        for n in range(2000)
    }

    assert all(future.result(WAIT_S) == f"{name} done" for name, future in futures.items())

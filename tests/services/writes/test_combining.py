"""Workers of one server that commit for each other, whoever dies or goes ahead meanwhile."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count

import pytest

from tests.domain.builders import CALLER, a_new_event, sell
from tests.services.conftest import a_handler, keyed
from tests.system.waiting import NEVER_S, eventually
from ticketing.domain import errors
from ticketing.domain.errors import Busy, DomainError, OutcomeUnknown, SoldOut
from ticketing.services.verification import verify
from ticketing.services.writes import combining, host_lock
from ticketing.services.writes.combining import Guest, SharedLists, SharedPublications
from ticketing.services.writes.host_lock import HostLock
from ticketing.services.writes.queue import BatchQueues

EVENT = "e1"
NEIGHBOUR = next(
    f"n{n}" for n in count() if host_lock.number_of(f"n{n}") == host_lock.number_of(EVENT)
)


@pytest.fixture
def lists() -> Iterator[SharedLists]:
    made = SharedLists(3)
    yield made
    for written, read in (*made.lists, *made.inboxes):
        written.close()
        read.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as executor:
        yield executor


@pytest.fixture(autouse=True)
def patient(monkeypatch, tmp_path):
    """Have nobody go ahead without the lock, and a folder for the locks."""
    monkeypatch.setattr(host_lock, "PATIENCE_S", NEVER_S)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


class Worker:
    """A worker in its place; what it commits it also notes, for all workers in one list."""

    def __init__(self, lists: SharedLists, place: int, groups: list[Sequence[object]]) -> None:
        self.place, self.groups = place, groups
        self.commit: Callable[[object], object] = lambda item: f"{item} done"
        self.queues: BatchQueues[object, object] = BatchQueues(
            self._commit,
            size=8,
            complete_s=NEVER_S,
            turn=HostLock("test").locked,
            repeatable=lambda item: str(item).startswith("keyed"),
        )
        self.queues.publications = SharedPublications(lists, place)

    def _commit(self, _: str, items: Sequence[object]) -> Sequence[object]:
        self.groups.append([*items])
        return [self.commit(item) for item in items]

    def submit(self, item: object, *, event: str = EVENT, wait_s: float = NEVER_S) -> object:
        return self.queues.submit(event, item, wait_s=wait_s)

    def published(self, event: str = EVENT) -> int:
        queue = self.queues._queues.get(event)
        return len(queue.published) if queue else 0


@pytest.fixture
def workers(lists) -> list[Worker]:
    groups: list[Sequence[object]] = []
    return [Worker(lists, place, groups) for place in range(2)]


@pytest.fixture
def locked() -> Iterator[ExitStack]:
    """The lock of the event, held by somebody else until it is closed."""
    with ExitStack() as held:
        held.enter_context(HostLock("test").locked(EVENT))
        yield held


def publish(pool: ThreadPoolExecutor, worker: Worker, *items: object) -> list[Future[object]]:
    """Have a worker publish items, one after the other, while the lock is somebody else's."""
    futures = []
    for item in items:
        before = worker.published()
        futures.append(pool.submit(worker.submit, item))
        eventually(lambda before=before: worker.published() > before, "it is published")
    return futures


def results(futures: Sequence[Future[object]]) -> list[object]:
    return [future.exception(NEVER_S) or future.result() for future in futures]


def test_commits_in_one_batch_and_in_order_what_all_workers_have(pool, workers, locked):
    one, other = workers
    futures = [
        *publish(pool, one, "a"), *publish(pool, other, "b", "c"), *publish(pool, one, "d")
    ]  # fmt: skip

    locked.close()

    assert results(futures) == ["a done", "b done", "c done", "d done"]
    assert one.groups == [["a", "b", "c", "d"]]


def test_takes_no_more_into_a_batch_than_fit(pool, workers, locked):
    one, other = workers
    first, second = publish(pool, one, *"abcdef"), publish(pool, other, *"ghijkl")

    locked.close()

    assert results([*first, *second]) == [f"{item} done" for item in "abcdefghijkl"]
    assert [len(group) for group in one.groups] == [8, 4]


def test_who_comes_meanwhile_is_published_at_once(pool, workers, locked, monkeypatch):
    """Not only when the leader looks at the lock again."""
    monkeypatch.setattr(host_lock, "_PAUSE_IN_LINE_S", NEVER_S)
    monkeypatch.setattr(host_lock, "_PAUSE_S", NEVER_S)
    one, other = workers

    publish(pool, one, "a", "b")

    # Nobody looks any more by themselves: a reply does it, by whoever has the lock.
    taken, _ = other.queues.publications.take_published(EVENT, 8, locked=True)
    other.queues.publications.reply((guest, f"{guest.item} done") for guest in taken)
    assert [guest.item for guest in taken] == ["a", "b"]


def unlike_any_other(text):
    class Unlike(Exception):
        """Known to nobody but this process."""

    return Unlike(text)


def test_each_is_told_its_own_error(pool, workers, locked):
    one, other = workers
    told = {
        "a": SoldOut(available=0), "b": "b done", "c": unlike_any_other("odd"), "d": ValueError("d")
    }  # fmt: skip
    one.commit = other.commit = told.__getitem__
    futures = [*publish(pool, one, *"abcd"), *publish(pool, other, *"abcd")]

    locked.close()

    for refused, done, odd, wrong in (results(futures[:4]), results(futures[4:])):
        assert (type(refused), refused.facts, done) == (SoldOut, {"available": 0}, "b done")
        # Of a library's error another process gets the words.
        assert "odd" in str(odd)
        assert (type(wrong), wrong.args) == (ValueError, ("d",))


def test_an_error_of_the_commit_reaches_all(pool, workers, locked):
    one, other = workers

    def fail(_: object) -> object:
        raise MemoryError

    one.commit = other.commit = fail
    futures = [*publish(pool, one, "a"), *publish(pool, other, "b")]

    locked.close()

    assert [type(result) for result in results(futures)] == [MemoryError] * 2


def test_what_ends_a_process_ends_no_other(pool, lists, workers, locked):
    (future,) = publish(pool, workers[0], "a")
    (guest,) = dies(lists)

    SharedPublications[object, object](lists, 2).reply([(guest, SystemExit(1))])

    assert isinstance(future.exception(NEVER_S), OutcomeUnknown)


def test_a_result_that_cannot_be_sent_takes_no_other_along(pool, lists, workers, locked):
    futures = publish(pool, workers[0], "a", "b")
    guests = dies(lists)

    SharedPublications[object, object](lists, 2).reply(zip(guests, (lambda: None, 1), strict=True))

    assert futures[1].result(NEVER_S) == 1
    locked.close()
    assert isinstance(futures[0].exception(NEVER_S), OutcomeUnknown)


def test_what_is_published_for_too_long_is_busy_and_does_not_happen(pool, workers, locked):
    one, other = workers
    late = pool.submit(one.submit, "a", wait_s=0.05)
    eventually(one.published, "it is published")
    threading.Event().wait(0.1)

    locked.close()

    assert isinstance(late.exception(NEVER_S), Busy)
    assert other.submit("b") == "b done"
    assert one.groups == [["b"]]


def dies(lists: SharedLists, *, locked: bool = True) -> list[Guest[object]]:
    """Have a third worker take what is published, and do nothing about it."""
    taken, is_all = SharedPublications[object, object](lists, 2).take_published(
        EVENT, 8, locked=locked
    )
    assert is_all
    return [one for one in taken if isinstance(one, Guest)]


def test_of_what_a_dead_worker_had_taken_nothing_is_known_without_a_key(
    pool, lists, workers, locked
):
    futures = publish(pool, workers[0], "a", "keyed b", "c")
    assert [guest.item for guest in dies(lists)] == ["a", "keyed b", "c"]

    locked.close()

    first, second, third = results(futures)
    assert isinstance(first, OutcomeUnknown)
    assert isinstance(third, OutcomeUnknown)
    # Under a key it can be committed again: once it is, or what it came to comes back.
    assert second == "keyed b done"
    assert workers[0].groups == [["keyed b"]]
    assert workers[0].queues._queue_of == {}


def test_concludes_nothing_from_what_somebody_has_taken_without_the_lock(
    pool, lists, workers, locked
):
    futures = publish(pool, workers[0], "a", "keyed b")
    guests = dies(lists, locked=False)

    locked.close()
    threading.Event().wait(0.1)
    assert not any(future.done() for future in futures)
    assert workers[0].groups == []

    # It was only slow.
    SharedPublications[object, object](lists, 2).reply((g, f"{g.item} late") for g in guests)
    assert results(futures) == ["a late", "keyed b late"]


def test_a_leader_gives_up_as_its_followers_do(pool, lists, workers, locked):
    one = workers[0]
    one.queues._complete_s = 1.5
    futures = [pool.submit(one.submit, "a", wait_s=0.1)]
    eventually(one.published, "the leader is published")
    futures.append(pool.submit(one.submit, "b", wait_s=1.5))
    eventually(lambda: one.published() == 2, "and the one behind it")
    dies(lists, locked=False)

    locked.close()

    assert [type(result) for result in results(futures)] == [OutcomeUnknown] * 2
    assert (one.queues._queues, one.queues._queue_of) == ({}, {})
    assert one.submit("c") == "c done"


def test_a_worker_in_the_place_of_a_dead_one_hears_nothing_that_was_for_that(
    pool, lists, workers, locked
):
    publication = SharedPublications[object, object](lists, 0)
    assert publication.publish(EVENT, 12345, "of before", NEVER_S * 1e6)
    (guest,) = dies(lists)
    SharedPublications[object, object](lists, 2).reply([(guest, "of before done")])

    (future,) = publish(pool, workers[0], "a")
    locked.close()

    assert results([future]) == ["a done"]


def test_what_cannot_be_sent_is_committed_by_its_own_worker(pool, workers, locked):
    one, other = workers
    futures = [
        pool.submit(one.submit, item)
        for item in (lambda: None, "x" * combining._LONGEST_BYTES, "a")
    ]
    eventually(
        lambda: (q := one.queues._queues.get(EVENT)) and len(q.waiters) == 3, "all are queued"
    )
    published = publish(pool, other, "b")

    locked.close()

    assert results(published) == ["b done"]
    assert len(results(futures)) == 3
    assert sum(len(group) for group in one.groups) == 4


def test_a_full_list_takes_no_more_and_loses_nothing(lists):
    publications = SharedPublications[object, object](lists, 0)
    numbers = []
    while publications.publish(EVENT, len(numbers), "x" * 10_000, NEVER_S * 1e6):
        numbers.append(len(numbers))

    taken, is_all = publications.take_published(EVENT, 1_000_000, locked=True)

    assert numbers
    assert (taken, is_all) == (numbers, True)


def test_gives_back_what_is_of_another_event_on_the_same_list(pool, workers, locked):
    one, other = workers
    neighbour = pool.submit(other.submit, "n", event=NEIGHBOUR)
    eventually(lambda: other.published(NEIGHBOUR), "it is published")
    (future,) = publish(pool, one, "a")

    locked.close()

    assert results([neighbour, future]) == ["n done", "a done"]
    assert sorted(map(len, one.groups)) == [1, 1]


def all_errors(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for one in kind.__subclasses__():
        yield one
        yield from all_errors(one)


@pytest.mark.parametrize(
    "kind", [kind for kind in all_errors() if kind.__module__ == errors.__name__]
)
def test_each_domain_error_arrives_as_it_was(kind):
    error = kind.__new__(kind, "words")
    error.__dict__.update(facts={"available": 3}, reason="why")

    arrived = pickle.loads(pickle.dumps(error))

    assert (type(arrived), arrived.args) == (kind, ("words",))
    assert arrived.__dict__ == error.__dict__


def test_twins_of_a_key_at_two_workers_have_one_effect_and_one_answer(mongo, db, lists, pool):
    handlers = [a_handler(mongo, db) for _ in range(2)]
    handlers[0].execute(a_new_event(capacity=30), on=EVENT, caller=CALLER)
    for place, handler in enumerate(handlers):
        handler.combine(SharedPublications(lists, place))

    with HostLock(db.name).locked(EVENT):
        futures = [
            pool.submit(handler.execute, sell(1), on=EVENT, **asked)
            for handler in handlers
            for asked in (keyed("same"), keyed("same"), {"caller": CALLER})
        ]
        eventually(
            lambda: all(
                (queue := handler._queues._queues.get(EVENT)) and len(queue.published) == 3
                for handler in handlers
            ),
            "all are published",
        )
    done = [future.result(NEVER_S) for future in futures]

    assert len({result.response.body for result in done if result.response}) == 1
    assert db.events.find_one({"_id": EVENT})["sold"] == 3
    assert not list(verify(db))

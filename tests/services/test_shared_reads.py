"""What is hot is read once for all who ask together, and never before they ask."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.domain.builders import an_event
from tests.system.waiting import NEVER_S, eventually
from ticketing.domain.errors import DatabaseUnavailable, EventNotFound
from ticketing.services import shared_reads as module
from ticketing.services.shared_reads import SharedReads
from ticketing.storage.documents import EVENTS
from ticketing.storage.driver.deadlines import deadline


@pytest.fixture
def event(db):
    db.events.insert_one(EVENTS.encode(an_event(id="e1")))
    return "e1"


@pytest.fixture
def gate(monkeypatch):
    """Let each read wait until it is let through; note how many there were."""
    original = module.events.get

    class Gate:
        reads = 0
        entered, open = threading.Semaphore(0), threading.Semaphore(0)

    def get(db, id_):
        found = original(db, id_)
        Gate.reads += 1
        Gate.entered.release()
        assert Gate.open.acquire(timeout=NEVER_S)
        return found

    monkeypatch.setattr(module.events, "get", get)
    return Gate


def waiting(reads, number):
    queue = reads._queues._queues.get("event e1")
    return queue is not None and len(queue.waiters) == number


def test_reads_once_for_all_who_ask_while_a_read_is_under_way(db, event, gate):
    reads = SharedReads(db)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(reads.event, event)
        assert gate.entered.acquire(timeout=NEVER_S)
        others = [pool.submit(reads.event, event) for _ in range(7)]
        eventually(lambda: waiting(reads, 7), "all of them wait")
        # What is written now, after the first read, is seen by all who asked after it.
        db.events.update_one({"_id": event}, {"$set": {"name": "Another"}})
        gate.open.release(2)

        assert first.result().name != "Another"
        assert {future.result().name for future in others} == {"Another"}
    assert gate.reads == 2


def test_says_to_all_that_there_is_none(db):
    reads = SharedReads(db)

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(reads.event, "none") for _ in range(4)]:
            with pytest.raises(EventNotFound):
                future.result()


def test_waits_for_another_read_no_longer_than_its_own_time(db, event, gate):
    """A read changes nothing: so it is not said that something may have happened."""
    reads = SharedReads(db)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(reads.event, event)
        assert gate.entered.acquire(timeout=NEVER_S)

        with deadline(0.05), pytest.raises(DatabaseUnavailable):
            reads.event(event)

        gate.open.release()
        assert first.result().id == event

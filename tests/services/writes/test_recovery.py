"""What a crash between two commits leaves over is done all the same."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from tests.domain.builders import a_customer, a_new_event, book, sell
from tests.services.conftest import a_handler
from tests.system.waiting import eventually
from ticketing.domain.changes import read_set
from ticketing.domain.commands.events import CallOff, Change
from ticketing.domain.identity.caller import Caller
from ticketing.services.verification import verify
from ticketing.services.writes.recovery import RecoveryWorker, recover
from ticketing.storage import events, leases

CALLER = Caller("ada", "r1")


@pytest.fixture(autouse=True)
def small_commits(monkeypatch):
    """Only three changes of bookings go into one commit."""
    for module in ("ticketing.domain.commands.events", "ticketing.domain.changes.waiting_list"):
        monkeypatch.setattr(f"{module}.MOST_PER_COMMIT", 3)
    monkeypatch.setattr(read_set, "MOST_PER_COMMIT", 3)


@pytest.fixture
def queue(handler):
    """An event that is sold out, with eight who wait."""
    handler.execute(a_new_event(capacity=1, day=date(2044, 10, 31)), on="e1", caller=CALLER)
    handler.execute(sell(1), on="e1", caller=CALLER)
    for number in range(8):
        handler.execute(book(a_customer(f"c{number}")), on="e1", caller=CALLER)


def crash_after_the_first_commit(handler, monkeypatch, command):
    with monkeypatch.context() as patch:
        patch.setattr(handler, "resume", lambda *_: None)
        handler.execute(command, on="e1", caller=CALLER)


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("command", "sold", "waiting"), [(Change({"capacity": 8}), 8, 1), (CallOff(), 0, 0)]
)
def test_goes_on_with_what_was_begun(db, handler, monkeypatch, command, sold, waiting):
    crash_after_the_first_commit(handler, monkeypatch, command)
    assert list(verify(db)) != []

    recover(db, handler)

    event = events.find(db, "e1")
    assert (event.sold, event.waiting) == (sold, waiting)
    assert list(verify(db)) == []


@pytest.mark.usefixtures("queue")
def test_writes_nothing_where_no_work_remains(db, handler):
    handler.execute(Change({"capacity": 8}), on="e1", caller=CALLER)
    handler.execute(book(a_customer("big"), 5, waitlist=True), on="e1", caller=CALLER)
    before = list(db.events.find()), db.audit.count_documents({})

    recover(db, handler)

    assert (list(db.events.find()), db.audit.count_documents({})) == before


@pytest.mark.usefixtures("queue")
def test_answers_in_time_and_says_that_something_is_left(db, handler, monkeypatch):
    """What takes longer than a caller should wait is recovery's."""
    monkeypatch.setattr("ticketing.services.writes.handler._RESUME_S", 0)
    handler.execute(CallOff(), on="e1", caller=CALLER)
    assert list(verify(db)) != []

    while not recover(db, handler):
        pass

    assert list(verify(db)) == []


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(("commit_s", "remaining"), [(0.6, 0), (0.9, 0), (1.1, 3)])
def test_goes_on_for_a_second_and_ends_with_the_commit_that_is_under_way(
    db, handler, monkeypatch, commit_s, remaining
):
    """Nine bookings end, in three commits: the first and two more."""
    now = 0.0
    submit = handler._queues.submit

    def committed(*args, **known):
        nonlocal now
        now += commit_s
        return submit(*args, **known)

    stands_in = SimpleNamespace(monotonic=lambda: now, perf_counter=time.perf_counter)
    monkeypatch.setattr("ticketing.services.writes.handler.time", stands_in)
    monkeypatch.setattr(handler._queues, "submit", committed)

    handler.execute(CallOff(), on="e1", caller=CALLER)

    event = events.find(db, "e1")
    assert event.sold + event.waiting == remaining


@pytest.mark.usefixtures("queue")
def test_recovers_by_itself(db, handler, monkeypatch, recovery_workers):
    crash_after_the_first_commit(handler, monkeypatch, CallOff())

    recovery_workers(1, pause_s=0.05)

    eventually(lambda: not list(verify(db)), "it is recovered")


@pytest.fixture
def recovery_workers(db, handler):
    """As many recovery_workers as a test asks for, each of which stops after it."""
    stop, started = threading.Event(), []

    def start(number, pause_s):
        for _ in range(number):
            worker = RecoveryWorker(db, handler, pause_s=pause_s)
            started.append(threading.Thread(target=worker.run, args=[stop]))
            started[-1].start()

    yield start
    stop.set()
    for thread in started:
        thread.join()


def rounds(db):
    """How often somebody has looked for remaining work."""
    return db["system.profile"].count_documents({"command.filter.$or.0.status": "cancelled"})


def test_however_many_workers_there_are_one_of_them_recovers_at_a_time(db, recovery_workers):
    pause_s = 0.4
    db.command("profile", 2)
    try:
        began = time.monotonic()
        recovery_workers(6, pause_s)
        while rounds(db) < 5:
            time.sleep(0.1)
        passed = time.monotonic() - began
        looked = rounds(db)
    finally:
        db.command("profile", 0)
        db["system.profile"].drop()

    assert looked <= passed / pause_s + 1


def test_does_not_wait_for_a_worker_that_was_killed(
    db, handler, queue, monkeypatch, recovery_workers
):
    crash_after_the_first_commit(handler, monkeypatch, CallOff())
    assert leases.take(db, "recovery", "killed", timedelta(seconds=0.5))

    recovery_workers(2, 0.1)

    until = time.monotonic() + 10
    while list(verify(db)):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_recovers_nothing_on_a_database_that_will_not_do(fresh_db, mongo, monkeypatch):
    handler = a_handler(mongo, fresh_db)
    handler.execute(a_new_event(capacity=9), on="e1", caller=CALLER)
    for _ in range(9):
        handler.execute(sell(1), on="e1", caller=CALLER)
    crash_after_the_first_commit(handler, monkeypatch, CallOff())
    remaining = list(verify(fresh_db))
    fresh_db.bookings.drop_index("of_event")

    RecoveryWorker(fresh_db, handler)._run_round()

    assert remaining != []
    assert [found for found in verify(fresh_db) if found[0]] == remaining

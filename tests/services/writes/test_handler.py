"""The office on the real MongoDB: conflicts, faults, lost and unknown replies."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from tests.domain.builders import CALLER, a_new_event, an_envelope, book, named, sell
from tests.services.conftest import a_handler, keyed
from tests.system.checks import check_event
from tests.system.waiting import NEVER_S
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.commands.events import Change
from ticketing.domain.errors import Busy, DatabaseUnavailable, OutcomeUnknown, SoldOut
from ticketing.services.verification import verify
from ticketing.services.writes.batch import Submission
from ticketing.services.writes.host_lock import Lock
from ticketing.storage import events
from ticketing.storage.driver.deadlines import deadline, remaining
from ticketing.storage.driver.units_of_work import unit_of_work
from ticketing.storage.writes import change_sets, idempotency


@pytest.fixture
def event(handler):
    return handler.execute(a_new_event(capacity=30), on="e1", caller=CALLER).outcome


def test_keeps_the_books_when_handlers_meet_without_the_lock(mongo, db, event, monkeypatch):
    """As between hosts: only MongoDB stands between them."""
    handlers = [a_handler(mongo, db) for _ in range(3)]
    for handler in handlers:
        handler._queues._turn = lambda *_: nullcontext(Lock.NOT_HAD)

    with ThreadPoolExecutor(24) as pool:
        futures = [
            pool.submit(handlers[n % 3].execute, sell(), on="e1", caller=CALLER) for n in range(60)
        ]
        outcomes = [future.result().outcome for future in futures]

    assert sum(isinstance(outcome, SoldOut) for outcome in outcomes) == 30
    check_event(db, "e1")


def test_makes_one_customer_of_those_who_are_named_at_once(mongo, db):
    """Two offices book each name for two events at the same moment: nobody is two people."""
    for number, day in enumerate((31, 30)):
        new = a_new_event(capacity=100, day=date(2024, 10, day))
        a_handler(mongo, db).execute(new, on=f"e{number}", caller=CALLER)
    offices = [a_handler(mongo, db) for _ in range(2)]
    names = [f"friend{number}" for number in range(12)]

    def ask(number, name):
        # Each has an id of its own for whoever turns out to be new.
        ref = replace(named(name), new_id=f"{name}-{number}")
        return offices[number].execute(book(ref), on=f"e{number}", caller=CALLER).outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, *zip(*product(range(2), names), strict=True)))

    assert all(isinstance(outcome, BookingResult) for outcome in outcomes)
    assert sorted(c["name"] for c in db.customers.find()) == sorted(names)
    assert list(verify(db)) == []


def test_verify_names_a_customer_who_is_not_there(db, handler):
    handler.execute(a_new_event(), on="e1", caller=CALLER)
    handler.execute(book(named("ada")), on="e1", caller=CALLER)
    (ada,) = db.customers.find()
    db.customers.delete_one({"_id": ada["_id"]})

    (difference,) = verify(db)

    assert difference == (
        "e1",
        f"customer {ada['_id']}: a booking names them, and they are not there",
    )


def test_lets_a_request_that_mongodb_refuses_spoil_no_other(db, handler, event):
    impossible = Change({"price": -1})  # the schemas let nobody ask this; the validator refuses
    commands = [sell(2), impossible, sell(3)]

    results = handler._commit("e1", [Submission(an_envelope(command)) for command in commands])

    assert [results[n].outcome.booking.tickets for n in (0, 2)] == [2, 3]
    assert isinstance(results[1], Exception)
    check_event(db, "e1")


def test_gives_up_on_an_event_that_stays_locked(mongo, db, event):
    handler = a_handler(mongo, db, commit_s=0.4)
    with mongo.start_session() as other:
        other.start_transaction()
        db.events.update_one({"_id": "e1"}, {"$inc": {"sold": 1}}, session=other)

        with pytest.raises(Busy):
            handler.execute(sell(), on="e1", caller=CALLER)

        other.abort_transaction()
    assert events.get(db, "e1").sold == 0


def test_sells_once_when_the_reply_to_the_commit_is_lost(db, handler, event, failing):
    failing(1, failCommands=["commitTransaction"], closeConnection=True)

    handler.execute(sell(2), on="e1", caller=CALLER)

    assert events.get(db, "e1").sold == 2
    check_event(db, "e1")


@pytest.mark.parametrize("command", ["find", "findAndModify", "insert"])
def test_sells_once_when_a_reply_within_the_work_is_lost(db, handler, event, failing, command):
    failing(1, failCommands=[command], closeConnection=True)

    handler.execute(sell(2), on="e1", caller=CALLER)

    assert events.get(db, "e1").sold == 2
    check_event(db, "e1")


@pytest.mark.parametrize("code", [91, 189, 11600, 10107, 112, 251])
def test_decides_anew_after_a_change_of_primary_or_a_conflict(db, handler, event, failing, code):
    labels = ["TransientTransactionError"]
    failing(2, failCommands=["findAndModify"], errorCode=code, errorLabels=labels)

    handler.execute(sell(2), on="e1", caller=CALLER)

    assert events.get(db, "e1").sold == 2
    check_event(db, "e1")


@pytest.mark.parametrize("code", [134, 246, 262, 11601, 13436])
@pytest.mark.parametrize("command", ["find", "findAndModify", "insert"])
def test_decides_anew_after_what_passes(db, handler, event, failing, code, command):
    """A node that has just taken over says some of these, and without any label."""
    failing(2, failCommands=[command], errorCode=code, errorLabels=[])

    handler.execute(sell(2), on="e1", caller=CALLER)

    assert events.get(db, "e1").sold == 2
    check_event(db, "e1")


def test_sells_once_when_the_commit_was_not_replicated_in_time(db, handler, event, failing):
    failing(
        2,
        failCommands=["commitTransaction"],
        writeConcernError={"code": 64, "codeName": "WriteConcernFailed", "errmsg": "slow"},
    )

    handler.execute(sell(2), on="e1", caller=CALLER)

    assert events.get(db, "e1").sold == 2


def test_says_so_when_it_can_not_learn_the_outcome(mongo, db, event, failing):
    handler = a_handler(mongo, db, commit_s=0.5)
    failing(
        0,
        failCommands=["commitTransaction"],
        writeConcernError={"code": 64, "codeName": "WriteConcernFailed", "errmsg": "slow"},
    )
    with pytest.raises(OutcomeUnknown):
        handler.execute(sell(2), on="e1", **keyed())

    failing(1, failCommands=["nothing"], errorCode=1)
    again = handler.execute(sell(2), on="e1", **keyed())

    assert again.replayed
    assert events.get(db, "e1").sold == 2


def test_says_that_nothing_has_happened_when_mongodb_is_away_before_the_commit(
    mongo, db, event, failing
):
    handler = a_handler(mongo, db, commit_s=0.4)
    failing(0, failCommands=["find"], blockConnection=True, blockTimeMS=1000)

    with pytest.raises(DatabaseUnavailable):
        handler.execute(sell(2), on="e1", caller=CALLER)

    failing(1, failCommands=["nothing"], errorCode=1)
    assert events.get(db, "e1").sold == 0


def test_without_the_record_the_same_key_sells_twice(db, handler, event, monkeypatch):
    monkeypatch.setattr(idempotency, "insert_many", lambda *_: None)

    handler.execute(sell(2), on="e1", **keyed())
    handler.execute(sell(2), on="e1", **keyed())

    assert events.get(db, "e1").sold == 4


def test_with_the_record_it_sells_once(db, handler, event):
    first, second = (handler.execute(sell(2), on="e1", **keyed()) for _ in range(2))

    assert (first.replayed, second.replayed) == (False, True)
    assert events.get(db, "e1").sold == 2


def test_answers_twins_of_one_group_alike(db, handler, event):
    twins = [Submission(an_envelope(sell(2)), keyed()["key"]) for _ in range(3)]

    results = handler._commit("e1", twins)

    assert [result.replayed for result in results] == [False, True, True]
    assert {result.response.body for result in results} == {b"sold"}
    assert events.get(db, "e1").sold == 2


def crash_at(monkeypatch, module, name):
    def crash(*_):
        raise RuntimeError("a crash between two lines")

    monkeypatch.setattr(module, name, crash)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (change_sets, "write_bookings"),
        (change_sets, "append_audit"),
        (idempotency, "insert_many"),
    ],
)
def test_a_crash_between_any_two_lines_leaves_nothing(
    db, handler, event, monkeypatch, module, name
):
    crash_at(monkeypatch, module, name)

    with pytest.raises(RuntimeError):
        handler.execute(sell(2), on="e1", **keyed())

    assert events.get(db, "e1").sold == 0
    check_event(db, "e1")


def test_without_the_unit_of_work_a_crash_leaves_a_sale_without_a_booking(
    db, handler, event, monkeypatch
):
    monkeypatch.setattr(
        "ticketing.services.writes.handler.unit_of_work", lambda _, work, *, seconds: work(None)
    )
    crash_at(monkeypatch, change_sets, "write_bookings")

    with contextlib.suppress(RuntimeError):
        handler.execute(sell(2), on="e1", caller=CALLER)

    with pytest.raises(AssertionError):
        check_event(db, "e1")


def test_never_reuses_a_session_after_a_conflict(mongo, db, event):
    """Nothing of the lost attempt may stay behind."""
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            unit_of_work(mongo, lambda _: 1 / 0, seconds=8)

    assert unit_of_work(mongo, lambda _: "done", seconds=8) == "done"


def test_is_busy_where_the_turn_comes_when_the_time_of_the_request_is_over(handler, event):
    @contextlib.contextmanager
    def late(*_):
        while remaining() > 0:
            time.sleep(0.001)
        yield Lock.HELD

    handler._queues._turn = late

    with deadline(0.01), pytest.raises(Busy):
        handler.execute(sell(), on="e1", caller=CALLER)

    assert handler._queues._queues == {}


@pytest.mark.parametrize(
    "ask",
    [
        lambda handler: busy(lambda: handler.execute(sell(), on="e1", caller=CALLER)),
        lambda handler: handler.resume("e1", "r1"),
    ],
    ids=["a change", "what a commit has left"],
)
def test_waits_for_its_turn_no_longer_than_the_request_may_take(mongo, db, event, ask):
    """In the queue behind a leader who has more time."""
    handler = a_handler(mongo, db, wait_s=NEVER_S)
    led, go_on = threading.Event(), threading.Event()

    @contextlib.contextmanager
    def held(*_):
        led.set()
        assert go_on.wait(NEVER_S)
        yield Lock.HELD

    handler._queues._turn = held
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(handler.execute, sell(), on="e1", caller=CALLER)
        assert led.wait(NEVER_S)
        try:
            with deadline(0.01):
                ask(handler)
        finally:
            go_on.set()
        first.result()


def busy(act):
    with pytest.raises(Busy):
        act()

"""Who gets tickets while they are erased: before it, or not at all, or as somebody new.

Each test holds a command that has read what it is decided on, and lets it go on at a later step of
the erasure.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from pymongo.read_concern import ReadConcern

from tests.conftest import QUICK
from tests.domain.builders import a_new_event, book, named
from tests.services.clocks import Held
from tests.services.conftest import a_handler
from tests.system.waiting import NEVER_S, eventually
from ticketing.domain.commands.bookings import Book, Cancel
from ticketing.domain.commands.command import Envelope
from ticketing.domain.commands.transfers import Accept, Offer, Transfer
from ticketing.domain.errors import AccountDeactivated, BookingsAhead, DatabaseUnavailable
from ticketing.domain.identity.caller import Caller
from ticketing.services import commands
from ticketing.services.accounts import users as people
from ticketing.services.accounts.erasure import erase
from ticketing.services.verification import verify
from ticketing.services.writes.batch import Submission
from ticketing.storage import bookings, customers, events
from ticketing.storage.accounts import erasure as stored
from ticketing.storage.accounts import idle, users
from ticketing.storage.writes import change_sets

STAFF = Caller("staff", "r1")
NOW = datetime.now(UTC)
TOMORROW = NOW.date() + timedelta(days=1)
ADDRESS = "ada@example.org"
STEPS = "at first", "marked", "fenced", "deactivated", "erased, not yet committed", "at last"


@pytest.fixture
def clock():
    return Held()


@pytest.fixture
def handler(mongo, db, clock):
    """An office with one event that has tickets, and one that is sold out."""
    handler = a_handler(mongo, db, clock)
    handler.execute(a_new_event(day=TOMORROW), on="free", caller=STAFF)
    full = a_new_event(day=TOMORROW + timedelta(days=1), capacity=1)
    handler.execute(full, on="full", caller=STAFF)
    handler.execute(book(named("grace"), booking="b-grace"), on="full", caller=STAFF)
    handler.execute(book(named("linus"), booking="b-linus"), on="free", caller=STAFF)
    until = NOW + timedelta(days=1)
    handler.execute(Offer("b-linus", "the code", until), on="free", caller=STAFF)
    return handler


@pytest.fixture(params=["with an account", "without an account"])
def ada(request, db, handler):
    """Somebody who holds nothing."""
    if request.param == "with an account":
        people.register(db, QUICK, ADDRESS, "a good long password", NOW)
        return customers.find_named(db, named(ADDRESS))
    booked = book(commands.named(ADDRESS), booking="b-first")
    handler.execute(booked, on="full", caller=STAFF)
    handler.execute(Cancel("b-first"), on="full", caller=STAFF)
    return customers.find_named(db, named(ADDRESS))


# How somebody gets tickets: on which event, and what is asked.
WAYS = {
    "themselves": ("free", lambda ada: Book("b-ada", ada, 1, None, 5)),
    "by address": ("free", lambda _: Book("b-ada", commands.named(ADDRESS), 1)),
    "waiting": ("full", lambda _: Book("b-ada", commands.named(ADDRESS), 1)),
    "transferred": ("free", lambda _: Transfer("b-linus", commands.named(ADDRESS))),
    "accepted": ("free", lambda ada: Accept("b-linus", "the code", ada)),
}


@pytest.fixture
def at(monkeypatch, db):
    """Do something once at a step of the erasure."""
    does = {}

    def reached(step):
        for each in does.pop(step, ()):
            each()

    def stepping(module, name, *, before=None, after=None):
        real = getattr(module, name)

        def stepped(*args, **known):
            reached(before)
            result = real(*args, **known)
            reached(after)
            return result

        monkeypatch.setattr(module, name, stepped)

    stepping(idle, "mark_leaving", before="at first", after="marked")
    stepping(events, "fence_all", after="fenced")
    stepping(bookings, "waiting_of", before="deactivated")
    stepping(stored, "erase", before="erased, not yet committed")
    at = partial(_note, does)
    at.reached = reached
    return at


def _note(does, step, act):
    does.setdefault(step, []).append(act)


class Meanwhile:
    """A command that reads at one moment, and writes at a later one."""

    def __init__(self, pool, handler, clock, event, command):
        self._pool, self._handler, self._clock = pool, handler, clock
        self._event, self._command = event, command
        self.result = Future()

    def reads(self):
        self._clock.armed = True
        self.result = self._pool.submit(
            self._handler.execute, self._command, on=self._event, caller=STAFF
        )
        assert self._clock.reached.wait(NEVER_S)

    def writes(self):
        self._clock.go_on.set()
        self.result.result(NEVER_S)


@pytest.fixture
def meanwhile(handler, clock):
    with ThreadPoolExecutor(1) as pool:
        yield lambda event, command: Meanwhile(pool, handler, clock, event, command)
        clock.go_on.set()


def held_by(db, customer):
    return [
        (b["_id"], b["status"])
        for b in db.bookings.find({"customer": customer.id, "status": {"$ne": "cancelled"}})
    ]


def erased(db, customer):
    return customers.find(db, customer.id).key is None


SPANS = [(one, other) for n, one in enumerate(STEPS) for other in STEPS[n:]]


@pytest.mark.parametrize(
    ("way", "reads", "writes"),
    [
        (way, reads, writes)
        for way in WAYS
        for reads, writes in SPANS
        if way in ("by address", "waiting") or writes == "at last"
    ],
)
def test_comes_before_the_erasure_or_is_not_theirs(
    db, handler, ada, at, meanwhile, way, reads, writes
):
    event, command = WAYS[way]
    command = meanwhile(event, command(ada))
    at(reads, command.reads)
    at(writes, command.writes)

    erase(db, handler, ada.id, STAFF, NOW)
    theirs = held_by(db, ada)
    at.reached("at last")

    assert erased(db, ada)
    assert held_by(db, ada) == theirs, "nothing comes after the erasure"
    assert "waiting" not in [status for _, status in theirs]
    outcome = command.result.result(0).outcome
    if not isinstance(outcome, AccountDeactivated):
        holder, somebody_new = outcome.booking.customer, customers.find_named(db, named(ADDRESS))
        assert holder in (ada, somebody_new)
    assert list(verify(db)) == []


@pytest.mark.parametrize(("reads", "writes"), [span for span in SPANS if span[1] != "at last"])
def test_nobody_leaves_who_gets_tickets_for_a_day_to_come_first(
    db, handler, ada, at, meanwhile, reads, writes
):
    command = meanwhile("free", Book("b-ada", ada, 1, None, 5))
    at(reads, command.reads)
    at(writes, command.writes)

    try:
        erase(db, handler, ada.id, STAFF, NOW, ahead_from=NOW.date())
    except BookingsAhead:
        assert held_by(db, ada) == [("b-ada", "confirmed")]
        assert customers.find(db, ada.id).active, "nothing has happened"
        assert ada.user is None or users.find(db, ada.user).active
    else:
        assert erased(db, ada)
        assert held_by(db, ada) == []
    assert list(verify(db)) == []


def test_a_booking_that_takes_the_mark_away_opens_the_door_to_no_other(
    db, handler, ada, at, meanwhile
):
    """The first commits once events are fenced, and the second has read what it left."""
    first = Book("b-first-of-two", ada, 1, None, 5)
    second = meanwhile("full", Book("b-ada", ada, 1, None, 5))
    at("fenced", lambda: handler.execute(first, on="free", caller=STAFF))
    at("fenced", second.reads)

    erase(db, handler, ada.id, STAFF, NOW)
    second.writes()

    assert erased(db, ada)
    assert held_by(db, ada) == [("b-first-of-two", "confirmed")]
    assert isinstance(second.result.result(0).outcome, AccountDeactivated)
    assert list(verify(db)) == []


def test_a_commit_under_way_is_waited_for(db, mongo, handler, ada, monkeypatch):
    """It has written its event already, so the fence can't pass it."""
    writing = Held()
    writing.armed = True
    writes = change_sets.append_audit
    monkeypatch.setattr(change_sets, "append_audit", lambda *args: (writing(), writes(*args)))
    admin = mongo.admin.with_options(read_concern=ReadConcern("local"))
    fencing = {"ns": f"{db.name}.events", "op": "update", "writeConflicts": {"$gt": 0}}

    def waits():
        return list(admin.aggregate([{"$currentOp": {}}, {"$match": fencing}]))

    with ThreadPoolExecutor(2) as pool:
        command = Book("b-ada", ada, 1, None, 5)
        booking = pool.submit(handler.execute, command, on="full", caller=STAFF)
        try:
            assert writing.reached.wait(NEVER_S)
            leaving = pool.submit(erase, db, handler, ada.id, STAFF, NOW)
            eventually(lambda: leaving.done() or waits(), "the fence waits, or has passed")
            assert not leaving.done()
        finally:
            writing.go_on.set()
        assert booking.result(NEVER_S).outcome.booking.customer == ada
        leaving.result(NEVER_S)

    assert erased(db, ada)
    assert held_by(db, ada) == [], "the place is given up"
    assert list(verify(db)) == []


def test_an_event_that_is_made_in_the_same_commit_needs_no_fence(db, handler, ada, clock):
    """It was not there to be fenced."""
    made = Submission(Envelope(a_new_event(day=None), STAFF))
    booked = Submission(Envelope(Book("b-ada", ada, 1, None, 5), STAFF))
    clock.armed = True
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(handler._commit, "new", [made, booked])
        try:
            assert clock.reached.wait(NEVER_S)
            erase(db, handler, ada.id, STAFF, NOW)
        finally:
            clock.go_on.set()
        _, result = under_way.result(NEVER_S)

    assert isinstance(result.outcome, AccountDeactivated)
    assert held_by(db, ada) == []


def test_an_event_that_can_not_be_written_keeps_nobody_here(db, handler, ada):
    """A validator refuses it, from a batch as from the fence."""
    db.command("collMod", "events", validationLevel="off")
    db.events.update_one({"_id": "full"}, {"$set": {"sold": 9}})
    db.command("collMod", "events", validationLevel="strict")

    erase(db, handler, ada.id, STAFF, NOW)

    assert erased(db, ada)
    assert db.events.count_documents({"fences": 1}) == db.events.count_documents({}) - 1


@pytest.mark.parametrize("all_of_it", [True, False])
def test_nobody_is_erased_behind_a_fence_that_may_not_stand(
    db, handler, ada, failing, monkeypatch, all_of_it
):
    monkeypatch.setattr(events, "OPERATION_TIMEOUT_S", 0.5)
    if all_of_it:
        failing(0, failCommands=["update"], errorCode=11602, closeConnection=False)
    else:
        db.events.update_one({"_id": "full"}, {"$set": {"fences": "no number"}})

    with pytest.raises(DatabaseUnavailable):
        erase(db, handler, ada.id, STAFF, NOW)

    assert not erased(db, ada)
    assert customers.find(db, ada.id).active

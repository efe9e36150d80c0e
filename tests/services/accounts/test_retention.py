"""Who has not been heard of for long is forgotten, and who comes back in time is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import QUICK
from tests.domain.builders import a_new_event, book, named
from tests.services.clocks import Held
from tests.services.conftest import a_handler, keyed
from tests.system.waiting import NEVER_S
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role
from ticketing.services import commands
from ticketing.services.accounts import retention
from ticketing.services.accounts import users as people
from ticketing.services.accounts.erasure import erase
from ticketing.services.accounts.retention import forget_idle
from ticketing.services.signing_in.tokens import Claims
from ticketing.services.verification import verify
from ticketing.storage import customers
from ticketing.storage.accounts import erasure, users

CALLER = Caller("staff", "r1")
DAYS = 365
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=2 * DAYS)


@pytest.fixture
def clock():
    return Held()


@pytest.fixture
def handler(mongo, db, clock):
    handler = a_handler(mongo, db, clock)
    handler.execute(a_new_event(day=NOW.date()), on="e1", caller=CALLER)
    handler.execute(a_new_event(day=NOW.date() + timedelta(days=1)), on="e2", caller=CALLER)
    return handler


def held(db, name="ada"):
    return customers.find_named(db, named(name))


@pytest.fixture
def ada(db, handler):
    """Somebody who booked once, two years before `LATER`."""
    handler.execute(book(named("ada")), on="e1", caller=CALLER)
    return held(db)


def rounds(db, number=2, now=LATER):
    return [forget_idle(db, now, DAYS, settle_s=-2) for _ in range(number)]


def test_forgets_who_has_not_been_heard_of(db, ada):
    db.customers.insert_one({"_id": "c-new", "name": "Grace", "active": True, "key": "name:Grace",
                             "created_at": LATER})  # fmt: skip

    assert rounds(db) == [0, 1]

    assert (held(db), customers.find(db, ada.id).name) == (None, None)
    assert customers.find(db, "c-new").key == "name:Grace"
    assert list(verify(db)) == []


def test_the_mark_stands_for_as_long_as_a_request_may_take(db, ada):
    assert [forget_idle(db, LATER, DAYS) for _ in range(3)] == [0, 0, 0]
    assert held(db).idle_since is not None


@pytest.mark.parametrize("days", [DAYS - 3, -DAYS])
def test_keeps_who_was_there_in_time_or_holds_what_is_to_come(db, ada, days):
    """A year counts from the day of the last event, or from what was done last."""
    db.events.update_one({"_id": "e1"}, {"$set": {"day": str((LATER - timedelta(days)).date())}})

    assert rounds(db, 3) == [0, 0, 0]
    assert held(db) == ada


def test_keeps_who_holds_something_without_a_day(db, ada):
    db.events.update_one({"_id": "e1"}, {"$set": {"day": None}})

    assert rounds(db, 3) == [0, 0, 0]


def account(db, role=Role.CUSTOMER):
    return people.register(db, QUICK, "ada@example.org", "a good long password", NOW, role)


def test_forgets_the_account_with_the_customer(db):
    user = account(db)

    assert rounds(db) == [0, 1]

    assert users.find(db, user.id) is None
    entries = list(db.user_audit.find({"user": user.id}).sort("sequence"))
    assert [entry["changes"] for entry in entries][1:] == [{"active": [True, False]}]


def test_keeps_who_has_signed_in(db):
    user = account(db)
    claims = Claims(user.id, "t", user.generation, LATER)

    assert people.bearers_of(db, [claims], LATER - timedelta(days=DAYS - 3)) != [None]

    assert rounds(db, 3) == [0, 0, 0]


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
def test_keeps_staff(db, role):
    account(db, role)

    assert rounds(db, 3) == [0, 0, 0]


# At the same moment.


def test_a_booking_takes_the_mark_away(db, handler, ada):
    rounds(db, 1)
    handler.execute(book(named("ada")), on="e2", caller=CALLER)

    assert held(db).idle_since is None
    assert held(db).id == ada.id


def test_a_booking_that_comes_first_keeps_them(db, handler, clock, ada):
    """It has read the mark, and commits while the round is about to forget them."""
    rounds(db, 1)
    clock.armed = True
    with ThreadPoolExecutor(1) as pool:
        booking = pool.submit(handler.execute, book(named("ada")), on="e2", caller=CALLER)
        assert clock.reached.wait(NEVER_S)
        clock.go_on.set()
        booking.result()

    db.bookings.update_many({}, {"$set": {"created_at": NOW}})
    assert rounds(db, 1) == [0]
    assert held(db).id == ada.id


def test_a_booking_that_comes_second_is_somebody_new(db, handler, clock, ada):
    """It has read a customer who is forgotten before it commits: nothing of it may be theirs."""
    rounds(db, 1)
    clock.armed = True
    with ThreadPoolExecutor(1) as pool:
        booking = pool.submit(handler.execute, book(commands.named("ada")), on="e2", caller=CALLER)
        assert clock.reached.wait(NEVER_S)
        assert rounds(db, 1) == [1]
        clock.go_on.set()
        booking.result()

    assert held(db).id != ada.id
    assert db.bookings.find_one({"event": "e2"})["customer"] == held(db).id
    assert list(verify(db)) == []


# However many there are.


def test_looks_at_so_many_in_a_round_and_goes_on_with_the_others(db, monkeypatch):
    monkeypatch.setattr(retention, "MOST", 3)
    db.customers.insert_many(
        {"_id": f"c{n}", "name": f"n{n}", "active": True, "key": f"name:n{n}", "created_at": NOW}
        for n in range(8)
    )

    forgotten = [rounds(db, 1)[0] for _ in range(8)]

    assert max(forgotten) <= 3
    assert sum(forgotten) == 8


def test_goes_on_where_somebody_can_not_be_read(db, ada):
    user = account(db)
    db.command("collMod", "users", validationLevel="off")
    try:
        db.users.update_one({"_id": user.id}, {"$set": {"role": "king"}})
        assert sum(rounds(db)) == 1
    finally:
        db.command("collMod", "users", validationLevel="strict")
    assert held(db) is None


# What was under way.


@pytest.fixture
def meanwhile(handler, clock):
    """Do something while a command is held that has read and not yet written."""

    def run(command, on, does, **asked):
        clock.armed = True
        with ThreadPoolExecutor(1) as pool:
            held_up = pool.submit(handler.execute, command, on=on, **(asked or {"caller": CALLER}))
            try:
                assert clock.reached.wait(NEVER_S)
                does()
            finally:
                clock.go_on.set()
            return held_up.result()

    return run


def test_nothing_is_booked_for_who_is_erased_before_the_commit(db, handler, meanwhile, ada):
    booking = book(commands.named("ada"))
    meanwhile(booking, "e2", lambda: erase(db, handler, ada.id, CALLER, NOW))

    assert held(db).id != ada.id
    assert db.bookings.find_one({"event": "e2"})["customer"] == held(db).id
    assert db.bookings.count_documents({"customer": ada.id}) == 1
    assert list(verify(db)) == []


def test_an_erasure_leaves_the_list_that_was_joined_before_its_commit(
    db, handler, ada, monkeypatch
):
    """The place is taken once the erasure has looked for places, and before it is written."""
    small = a_new_event(day=NOW.date() + timedelta(days=2), capacity=1)
    handler.execute(small, on="e3", caller=CALLER)
    handler.execute(book(named("grace")), on="e3", caller=CALLER)
    writes, joined = erasure.erase, []

    def joins(db, customer, session):
        if not joined:
            wait = book(named("ada"), waitlist=True)
            joined.append(handler.execute(wait, on="e3", caller=CALLER))
        writes(db, customer, session)

    monkeypatch.setattr(erasure, "erase", joins)
    erase(db, handler, ada.id, CALLER, NOW)

    (place,) = db.bookings.find({"event": "e3", "customer": ada.id})
    assert place["status"] == "cancelled"
    assert held(db) is None
    assert list(verify(db)) == []


def test_an_answer_that_was_under_way_at_an_erasure_does_not_stay(
    db, handler, clock, ada, monkeypatch
):
    """It is stored after the erasure has looked for such answers, and names them."""
    (booking,) = db.bookings.find({"customer": ada.id})
    writes, under_way = erasure.erase, []
    with ThreadPoolExecutor(1) as pool:

        def begins(*args):
            writes(*args)
            clock.armed = True
            cancel = Cancel(booking["_id"])
            under_way.append(pool.submit(handler.execute, cancel, on="e1", **keyed()))
            assert clock.reached.wait(NEVER_S)

        monkeypatch.setattr(erasure, "erase", begins)
        try:
            erase(db, handler, ada.id, CALLER, NOW)
        finally:
            clock.go_on.set()
    assert under_way[0].result().outcome.booking.customer.name == "ada"
    stored = {"customers": ada.id}
    assert db.idempotency.count_documents(stored) == 1

    erasure.sweep(db, 60, 10)
    assert db.idempotency.count_documents(stored) == 1
    erasure.sweep(db, -1, 10)

    assert db.idempotency.count_documents(stored) == 0
    assert db.customers.count_documents({"sweeping": {"$exists": True}}) == 0


@pytest.mark.parametrize("ahead", ["MongoDB's", "this host's"])
def test_nobody_is_forgotten_by_a_clock_that_is_ahead(db, ada, monkeypatch, ahead):
    """Whichever of the two it is."""
    if ahead == "MongoDB's":
        monkeypatch.setattr(retention.leases, "time_at", lambda _: LATER)
    else:
        monkeypatch.setattr(retention, "utc_now", lambda: LATER)
    monkeypatch.setattr(retention, "SETTLE_S", -2)
    worker = retention.RetentionWorker(db, DAYS)

    for _ in range(3):
        worker._forget()

    assert held(db) == ada

"""Who is owed what: brought over from a database of before, found without looking at the rest."""

from __future__ import annotations

import pytest

from tests.domain.builders import (
    ADA,
    GRACE,
    LINUS,
    a_customer,
    a_new_event,
    a_sale,
    an_event,
    book,
    sell,
)
from tests.storage.migrations.before import with_names, without_customers
from tests.storage.migrations.test_migrating_customers import a_user
from ticketing.domain.commands.bookings import Cancel, CancelFor
from ticketing.domain.commands.events import CallOff
from ticketing.domain.commands.sales import Return
from ticketing.domain.commands.transfers import Transfer
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer
from ticketing.domain.identity.names import canonical_key
from ticketing.services.verification import verify
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage import events
from ticketing.storage.accounts import users
from ticketing.storage.documents import BOOKINGS, EVENTS
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.lists import cancellations
from ticketing.storage.migrations.runner import migrate, pending
from ticketing.storage.migrations.schema import RETIRED

HERSELF = Customer("customer-u1", "ada@example.org", canonical_key("ada@example.org"), user="u1")
CALLER = Caller("u1", "r1", HERSELF.id)


def age(db):
    """Make a database what it was before cancellations said when and why."""
    without_customers(db)
    db.command("collMod", "events", validator={})
    db.bookings.update_many({}, {"$unset": {"cancelled_at": 1, "reason": 1}})
    db.events.update_many({}, {"$unset": {"owed_total": 1}})
    for name in ("of_event", "by_customer_and_time", "owed"):
        db.bookings.drop_index(name)
    db.bookings.create_index([("customer.key", 1), ("_id", 1)], name="by_customer")
    for name in RETIRED["bookings"] - {"by_customer"}:
        db.bookings.create_index([("event", 1), ("_id", 1), (name, 1)], name=name)
    db.migrations.delete_one({"_id": "0004_cancellations"})


@pytest.fixture
def lived(mongo, fresh_db):
    """A database with three events, one of them called off: with whatever can be cancelled."""
    handler = CommandHandler(mongo, fresh_db, utc_now, group_size=128, wait_s=4, commit_s=8)

    def do(event, *commands):
        for command in commands:
            handler.execute(command, on=event, caller=CALLER)

    users.insert(fresh_db, a_user("u1", "ada@example.org"))
    do("off", a_new_event(capacity=5), book(HERSELF, booking="own"), book(GRACE, 2, booking="g"))
    do("off", sell(2, "s"), book(LINUS, booking="l"), book(ADA, booking="waits"))
    do("off", Cancel("own"), Transfer("g", a_customer("hedy")), CallOff())
    do("on", a_new_event(), book(HERSELF, booking="b1"), book(GRACE, booking="b2"), sell(1, "s2"))
    do("on", CancelFor(HERSELF), CancelFor(GRACE), Return("s2"), book(GRACE, booking="b3"))
    do("empty", a_new_event(day=None), CallOff())
    return fresh_db


def test_brings_old_cancellations_over(lived):
    as_it_is_now = with_names(lived)
    age(lived)
    assert [migration.name for migration in pending(lived)] == [
        "0004_cancellations",
        "0007_customers",
        "schema",
    ]
    assert with_names(lived) != as_it_is_now

    assert migrate(lived) == ["0004_cancellations", "0007_customers", "schema"]

    assert with_names(lived) == as_it_is_now
    assert list(verify(lived)) == []
    names = set(lived.bookings.index_information())
    assert not names & RETIRED["bookings"]
    assert names >= {"of_event", "by_customer_and_time", "owed"}


def test_brings_old_cancellations_over_in_small_steps(lived, monkeypatch):
    as_it_is_now = with_names(lived)
    age(lived)
    monkeypatch.setattr("ticketing.storage.migrations.m0004_cancellations._AT_ONCE", 2)

    migrate(lived)

    assert with_names(lived) == as_it_is_now


def test_brings_a_calling_off_over_that_is_not_finished(lived):
    ended = {"cancelled_at": 1, "reason": 1}
    lived.bookings.update_one({"_id": "l"}, {"$set": {"status": "confirmed"}, "$unset": ended})
    age(lived)

    migrate(lived)

    assert events.get(lived, "off").owed_total == 2500


def test_leaves_a_booking_alone_that_the_trail_does_not_know(lived):
    age(lived)
    lived.bookings.insert_one(
        BOOKINGS.encode(a_sale(id="stray", sequence=99)) | {"status": "cancelled"}
    )

    migrate(lived)

    assert "reason" not in lived.bookings.find_one({"_id": "stray"})
    assert [difference for _, difference in verify(lived)]


def test_does_the_rest_where_it_was_cut_off(lived, monkeypatch):
    as_it_is_now = with_names(lived)
    age(lived)
    with monkeypatch.context() as patch:
        patch.setattr(
            "ticketing.storage.migrations.m0004_cancellations._owed_total", lambda *_: 1 / 0
        )
        with pytest.raises(ZeroDivisionError):
            migrate(lived)

    migrate(lived)

    assert with_names(lived) == as_it_is_now


MANY = 2_000


@pytest.fixture
def large(fresh_db):
    """An event of 6,000 bookings: cancelled before, confirmed, waiting when it was called off."""
    kinds = [
        {"reason": "customer", "total": 500},
        {"reason": "called_off", "total": 500},
        {"reason": "called_off", "total": None},
    ]
    fresh_db.bookings.insert_many(
        {
            **BOOKINGS.encode(a_sale(id=f"b{n:05}", sequence=n + 2)),
            **kinds[n // MANY], "status": "cancelled", "cancelled_at": utc_now(),
        }
        for n in range(3 * MANY)
    )  # fmt: skip
    off = an_event(status="cancelled", owed_total=MANY * 500, sequence=3 * MANY + 1)
    fresh_db.events.insert_one(EVENTS.encode(off))
    return fresh_db


@pytest.mark.parametrize("after", [0, MANY + 500, 2 * MANY - 20, 2 * MANY + 500])
def test_looks_at_no_more_than_is_owed(large, after):
    large.command("profile", 2)
    found = cancellations.page(large, "e1", after, 50)
    large.command("profile", 0)

    looked = sum(entry.get("docsExamined", 0) for entry in large["system.profile"].find())
    assert looked <= len(found.owed) + 2  # the event, and that MongoDB is up to date
    assert all(booking.reason == "called_off" and booking.total for booking in found.owed)

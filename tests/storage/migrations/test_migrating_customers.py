"""Customers of before become documents of their own, one for each person."""

from __future__ import annotations

from datetime import date

import pytest

from tests.domain.builders import GRACE, a_new_event, book, named
from tests.storage.migrations.before import with_names, without_customers
from ticketing.domain.commands.bookings import Cancel, CancelFor
from ticketing.domain.commands.transfers import Transfer
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer
from ticketing.domain.identity.names import canonical_key
from ticketing.domain.identity.users import Role, User
from ticketing.services.verification import verify
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage import customers
from ticketing.storage.accounts import users
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.migrations.runner import migrate

STAFF = Caller("u9", "r1")


def a_user(id_, email, *, active=True):
    known = {"active": active, "password_hash": "h", "generation": 1, "signed_out": frozenset()}
    return User(
        id_, email, canonical_key(email), Role.CUSTOMER, **known, created_at=utc_now(),
        verified=True, sequence=0,
    )  # fmt: skip


@pytest.fixture
def lived(mongo, fresh_db):
    """Two events with an account's bookings and some for names, one of them passed on."""
    handler = CommandHandler(mongo, fresh_db, utc_now, group_size=128, wait_s=4, commit_s=8)

    def do(event, *commands, caller=STAFF):
        for command in commands:
            handler.execute(command, on=event, caller=caller)

    users.insert(fresh_db, a_user("u1", "Ada@example.org"))
    ada = customers.claim(
        fresh_db, "address:ada@example.org", "Ada@example.org", "u1", utc_now(), None
    )
    users.link(fresh_db, "u1", ada.id)
    do("one", a_new_event(), book(ada, booking="own"), book(named("grace"), 2, booking="g"))
    do("one", Cancel("own"), caller=Caller("u1", "r2", ada.id))
    do("one", Transfer("g", named("hedy")))
    do("two", a_new_event(day=date(2024, 11, 1)), book(ada, booking="own2"), book(GRACE))
    do("two", CancelFor(GRACE))
    return fresh_db


def test_gives_bookings_and_audit_the_ids(lived):
    as_it_is_now = with_names(lived)
    without_customers(lived)
    assert with_names(lived) != as_it_is_now

    assert migrate(lived) == ["0007_customers", "schema"]

    assert with_names(lived) == as_it_is_now
    assert list(verify(lived)) == []
    assert users.find(lived, "u1").customer == lived_customer(lived, "Ada@example.org")


def lived_customer(db, name):
    (found,) = db.customers.find({"name": name})
    return Customer(found["_id"], name)


def test_an_account_gets_what_was_booked_for_its_address(lived):
    without_customers(lived)
    of_before = {"key": "name:ada@example.org", "given": "ADA@example.org"}
    lived.bookings.update_one({"_id": "g"}, {"$set": {"customer": of_before}})
    passed_on = {"customer": of_before, "changes.customer.1": of_before}
    lived.audit.update_many({"booking": "g", "action": "transferred"}, {"$set": passed_on})

    migrate(lived)

    assert lived.bookings.find_one({"_id": "g"})["customer"] == users.find(lived, "u1").customer_id
    assert list(verify(lived)) == []


def test_nobody_gets_two_active_bookings_of_one_event(lived):
    """Where an address was booked for beside the account, both bookings stay, each by itself."""
    without_customers(lived)
    of_before = {"key": "name:ada@example.org", "given": "ada@example.org"}
    lived.bookings.update_one(
        {"event": "two", "_id": {"$ne": "own2"}},
        {
            "$set": {"customer": of_before, "status": "confirmed"},
            "$unset": {"cancelled_at": True, "reason": True},
        },
    )

    migrate(lived)

    held = [b["customer"] for b in lived.bookings.find({"event": "two"})]
    assert len(set(held)) == 2
    names = {c["_id"]: c["name"] for c in lived.customers.find()}
    assert sorted(names[id_] for id_ in held) == ["Ada@example.org", "ada@example.org"]


def test_goes_on_where_it_was_cut_off(lived, monkeypatch):
    as_it_is_now = with_names(lived)
    without_customers(lived)
    with monkeypatch.context() as patch:
        patch.setattr("ticketing.storage.migrations.m0007_customers._AT_ONCE", 1)
        made, calls = customers.insert_many, iter([None])

        def dies(*arguments):
            next(calls)
            made(*arguments)

        patch.setattr("ticketing.storage.migrations.m0007_customers.insert_many", dies)
        with pytest.raises(StopIteration):
            migrate(lived)

    migrate(lived)

    assert with_names(lived) == as_it_is_now
    assert len(list(lived.customers.find())) == 3


def test_whoever_is_deactivated_stays_so(lived):
    without_customers(lived)
    lived.users.update_one({"_id": "u1"}, {"$set": {"active": False}})

    migrate(lived)

    assert not customers.find(lived, users.find(lived, "u1").customer_id).active

"""Sales of before get their sellers from the audit; lists of sales do without an index, too."""

from __future__ import annotations

import pytest

from tests.domain.builders import ADA, a_new_event, book, sell
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.commands.events import CallOff
from ticketing.domain.commands.sales import Return
from ticketing.domain.identity.caller import Caller
from ticketing.domain.places import Place
from ticketing.services.verification import verify
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.lists import sales
from ticketing.storage.migrations.runner import migrate, pending

SAL, ROBIN = Caller("sal", "r1"), Caller("robin", "r2")


@pytest.fixture
def lived(mongo, fresh_db):
    """Three events: sold and given back, called off, and one that sold nothing."""
    handler = CommandHandler(mongo, fresh_db, utc_now, group_size=128, wait_s=4, commit_s=8)

    def do(caller, event, *commands):
        for command in commands:
            handler.execute(command, on=event, caller=caller)

    do(SAL, "on", a_new_event(), sell(2, "s1"), sell(1, "s2"), book(ADA, booking="b1"))
    do(ROBIN, "on", sell(1, "s3"), Return("s1"), Cancel("b1"))
    do(SAL, "off", a_new_event(day=None), sell(3, "s4"))
    do(ROBIN, "off", CallOff())
    do(SAL, "quiet", a_new_event(day=None))
    return fresh_db


def whole(db):
    return list(db.bookings.find().sort("_id"))


def age(db):
    """Make a database what it was before sales named their sellers."""
    db.bookings.update_many({}, {"$unset": {"sold_by": 1, "cancelled_by": 1}})
    db.bookings.drop_index("by_seller_and_time")
    db.migrations.delete_one({"_id": "0009_sellers"})


@pytest.mark.parametrize("at_once", [1, 1_000])
def test_names_the_sellers_of_sales_of_before(lived, monkeypatch, at_once):
    monkeypatch.setattr("ticketing.storage.migrations.m0009_sellers._AT_ONCE", at_once)
    as_it_is_now = whole(lived)
    age(lived)
    assert [migration.name for migration in pending(lived)] == ["0009_sellers", "schema"]

    assert migrate(lived) == ["0009_sellers", "schema"]

    assert whole(lived) == as_it_is_now
    told = {b["_id"]: (b.get("sold_by"), b.get("cancelled_by")) for b in whole(lived)}
    assert told == {
        "s1": ("sal", "robin"), "s2": ("sal", None), "s3": ("robin", None),
        "s4": ("sal", "robin"), "b1": (None, None),
    }  # fmt: skip
    assert list(verify(lived)) == []


def test_goes_on_with_a_migration_that_was_cut_off(lived):
    as_it_is_now = whole(lived)
    age(lived)
    lived.bookings.update_one({"_id": "s2"}, {"$set": {"sold_by": "sal"}})

    migrate(lived)

    assert whole(lived) == as_it_is_now


def test_leaves_a_sale_that_the_audit_does_not_know(lived):
    age(lived)
    lived.audit.delete_many({"booking": "s3"})

    migrate(lived)

    assert "sold_by" not in lived.bookings.find_one({"_id": "s3"})


@pytest.mark.parametrize("index", ["sales_of_event", "by_customer_and_time", "ended_sales"])
def test_lists_and_adds_up_without_an_index(lived, index):
    """Reads are slow then, but right."""

    def read():
        now = utc_now()
        return (
            sales.page(lived, sales.Filter(), Place(), 9),
            sales.page_of_event(lived, sales.Filter("on"), 0, 9),
            sales.latest(lived, sales.Filter(), 9),
            sales.evening(lived, now.replace(year=now.year - 1), now),
        )

    before = read()
    lived.bookings.drop_index(index)

    assert read() == before


def test_lists_the_last_sales_first(lived):
    assert [sale.id for sale in sales.latest(lived, sales.Filter(), 9)] == ["s4", "s3", "s2", "s1"]
    assert [sale.id for sale in sales.latest(lived, sales.Filter(actor="sal"), 2)] == ["s4", "s2"]
    assert [sale.id for sale in sales.latest(lived, sales.Filter("on"), 1)] == ["s3"]


def test_leaves_out_what_can_not_be_added_up(lived):
    def total():
        now = utc_now()
        return sales.evening(lived, now.replace(year=now.year - 1), now).totals.sold.total

    before = total()
    lived.command("collMod", "bookings", validator={})
    lived.bookings.update_one({"_id": "s2"}, {"$set": {"total": "much"}})

    assert total() == before - 500

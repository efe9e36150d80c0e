"""Plain reads, one thread, on mongomock: what they select and in which order."""

from __future__ import annotations

from datetime import date

import mongomock
import pytest

from tests.domain.builders import ADA, a_sale, an_event
from ticketing.domain.changes.change_set import BookingWrite
from ticketing.domain.errors import EventNotFound, TransactionNotFound
from ticketing.storage import bookings, events
from ticketing.storage.documents import BOOKINGS
from ticketing.storage.driver import reads
from ticketing.storage.writes import change_sets


@pytest.fixture
def db(monkeypatch):
    monkeypatch.setattr(reads, "_term", lambda _: None)  # a mock has no primaries
    return mongomock.MongoClient(tz_aware=True)["office"]


def put(db, *new):
    for event in new:
        change_sets.write_event(db, None, event, None)


def ids(found):
    return [event.id for event in found]


def day(number):
    return date(2024, 10, number)


def test_gives_an_event_back_as_it_was_put(db):
    event = an_event(venue="Hall", sold=3, revenue=1500)
    put(db, event)

    assert events.get(db, "e1") == event


def test_knows_no_unknown_and_no_deleted_event(db):
    put(db, an_event(id="gone", status="deleted"))

    for id_ in ("never", "gone", "", "\x00", "$where"):
        with pytest.raises(EventNotFound):
            events.get(db, id_)


def test_lists_by_day_undated_first_deleted_never(db):
    put(
        db,
        an_event(id="late", day=day(20)),
        an_event(id="early", day=day(10)),
        an_event(id="undated", day=None),
        an_event(id="off", day=day(15), status="cancelled"),
        an_event(id="gone", day=day(5), status="deleted"),
    )

    assert ids(events.page(db, None, None, None, 10)) == ["undated", "early", "off", "late"]


def test_lists_between_two_days_both_included(db):
    put(
        db, *(an_event(id=f"e{n}", day=day(n)) for n in (9, 10, 20, 21)), an_event(id="u", day=None)
    )

    assert ids(events.page(db, day(10), day(20), None, 10)) == ["e10", "e20"]


def test_goes_on_after_a_place_without_gap_or_repeat(db):
    put(db, *(an_event(id=f"u{n}", day=None) for n in range(3)))
    put(db, *(an_event(id=f"d{n}", day=day(n + 1)) for n in range(3)))
    put(db, *(an_event(id=f"c{n}", day=day(1), status="cancelled") for n in range(2)))

    seen, place = [], None
    while found := events.page(db, None, None, place, 2):
        seen += ids(found)
        place = found[-1].day, found[-1].id

    assert seen == ["u0", "u1", "u2", "c0", "c1", "d0", "d1", "d2"]


def test_finds_sales_but_no_customers_booking(db):
    db.bookings.insert_one(BOOKINGS.encode(a_sale(id="s1")))
    db.bookings.insert_one(BOOKINGS.encode(a_sale(id="b1", customer=ADA)))

    assert bookings.get_sale(db, "s1") == a_sale(id="s1")
    for id_ in ("b1", "unknown"):
        with pytest.raises(TransactionNotFound):
            bookings.get_sale(db, id_)


def test_writes_only_what_changed_in_a_booking():
    operation = change_sets._operation(BookingWrite(a_sale(), a_sale(status="cancelled")))

    assert operation._doc == {"$set": {"status": "cancelled"}}

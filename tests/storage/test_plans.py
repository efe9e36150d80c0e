"""No request reads more than it needs: every query goes by an index, however much there is."""

from __future__ import annotations

import pytest

from ticketing.app import now
from ticketing.domain.customers import plain_name
from ticketing.domain.places import Place, Row
from ticketing.storage import audit, bookings, events

MANY = 3_000

LATER = Place(Row(now(), "", 0), {"e1": Row(now(), "e1", 100)})


@pytest.fixture(scope="module")
def full(mongo):
    """Two events with 3,000 bookings and entries, a third of them sales over the counter."""
    from ticketing.storage.migrating import migrate

    db = mongo["test-plans"]
    mongo.drop_database(db.name)
    migrate(db)
    rows = [
        {
            "event": "e1" if n % 2 else "e2",
            "customer": {"key": f"name:c{n}", "given": f"c{n}"} if n % 3 else None,
            "tickets": 1,
            "sequence": n + 1,
            "total": None,
        }
        for n in range(MANY)
    ]
    statuses = ["confirmed", "waiting", "cancelled"]
    db.bookings.insert_many(
        {"_id": f"b{n:05}", **row, "status": statuses[n % 3], "created_at": now()}
        for n, row in enumerate(rows)
    )
    db.audit.insert_many(
        {**row, "action": "sold", "booking": f"b{n:05}", "sold": 1, "waiting": 0, "changes": {},
         "actor": "a", "at": now(), "request_id": "r"}
        for n, row in enumerate(rows)
    )  # fmt: skip
    yield db
    mongo.drop_database(db.name)


@pytest.fixture
def examined(full):
    """Do something and tell how many documents MongoDB looked at for it."""

    def measure(do):
        full.command("profile", 2)
        try:
            do()
        finally:
            full.command("profile", 0)
        looked = sum(entry.get("docsExamined", 0) for entry in full["system.profile"].find())
        full["system.profile"].drop()
        return looked

    return measure


@pytest.mark.parametrize(
    ("read", "enough"),
    [
        (lambda db: bookings.find_many(db, ["b00001"], ["name:c1", "name:c7"], "e1", None), 5),
        (lambda db: bookings.first_waiting(db, "e1", 5, None), 5),
        (lambda db: bookings.get_with_position(db, "b01501"), 1),
        (lambda db: bookings.waiting_page(db, "e1", 700, 5), 5),
        (lambda db: bookings.get_sale(db, "b00003"), 1),
        (lambda db: bookings.page(db, bookings.Filter(), Place(), 5), 5),
        (lambda db: bookings.page(db, bookings.Filter(), LATER, 5), 5),
        (lambda db: bookings.page_of_event(db, bookings.Filter(event="e1"), 100, 5), 5),
        (lambda db: bookings.page_of_event(db, bookings.Filter(event="nope"), 0, 5), 0),
        (lambda db: bookings.page(db, bookings.Filter(customer=plain_name("c7")), Place(), 5), 1),
        (lambda db: bookings.page_of_event(db, bookings.Filter("e1", plain_name("c7")), 0, 5), 1),
        (lambda db: audit.page(db, "e1", None, None, 1_500, 5), 5),
        (lambda db: audit.page(db, "e1", "b00003", None, 0, 5), 1),
        (lambda db: audit.page(db, "e1", None, plain_name("c7"), 0, 5), 1),
        (lambda db: events.get(db, "e1") if events.has_existed(db, "e1") else None, 1),
    ],
)
def test_looks_at_no_more_than_it_needs(full, examined, read, enough):
    assert examined(lambda: read(full)) <= enough

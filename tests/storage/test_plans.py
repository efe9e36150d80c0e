"""No request reads more than it needs: every query goes by an index, however much there is.

Nothing that a request does grows with what is over, or with what it does not ask for.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from bson import Binary

from tests.domain.builders import NOW as BUILT
from tests.domain.builders import a_sale, an_event, named
from ticketing.domain.identity.customers import Customer
from ticketing.domain.places import EventPosition, Place, Row
from ticketing.storage import audit, bookings, customers, events
from ticketing.storage.accounts import api_keys, erasure, idle, user_audit, users
from ticketing.storage.documents import AT_ONCE, BOOKINGS, CUSTOMERS, EVENTS, MOST_LOOKED_AT
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.lists import audit_by_name, bookings_by_name, sales
from ticketing.storage.migrations.runner import migrate
from ticketing.storage.writes import idempotency

MANY = 3_000

# Of either event a third of the bookings: what its figures have to add up, and no more.
SALES_OF_E1 = MANY // 2 // 3

# A place that is not settled yet has to pass by what the pages before it have shown.
SEEN = 100

# A sale a minute from then on; two times with 60 sales between them.
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATE, LATER_STILL = NOON + timedelta(minutes=2_000), NOON + timedelta(minutes=2_060)
IN_E1 = bookings.Filter(event="e1")
ON_SALE = events.Filter(first=date(2040, 1, 1), status="scheduled")
FROM_NOW = Place(Row(BUILT, "over00003", 1), (EventPosition(Row(BUILT, "over00004", 1), 1),))
FROM_NOON = Place(Row(NOON + timedelta(minutes=500), "e3", 501))
LATER = Place(Row(utc_now(), "", 0), (EventPosition(Row(utc_now(), "e1", SEEN), SEEN),))


@pytest.fixture(scope="module")
def full(mongo):
    """Two events, 3,000 that are over, and 3,000 of everything else, a third of it sales."""
    db = mongo["test-plans"]
    mongo.drop_database(db.name)
    migrate(db)
    rows = [
        {
            "event": "e1" if n % 2 else "e2",
            "customer": f"c{n}" if n % 3 else None,
            "tickets": 10 if n == 1 else 1,
            "sequence": n + 1,
            "total": None,
        }
        for n in range(MANY)
    ]
    statuses = ["confirmed", "waiting", "cancelled"]
    db.bookings.insert_many(
        {"_id": f"b{n:05}", **row, **({} if row["customer"] else {"sold_by": "u0"}),
         "status": statuses[n % 3], "created_at": utc_now()}
        for n, row in enumerate(rows)
    )  # fmt: skip
    db.bookings.insert_many(map(a_sale_of_e3, range(MANY)))
    db.audit.insert_many(
        {**row, "action": "sold", "booking": f"b{n:05}", "sold": 1, "waiting": 0,
         "changes": passed_on() if n % 600 == 0 else {},
         "actor": "a", "at": utc_now(), "request_id": "r"}
        for n, row in enumerate(rows)
    )  # fmt: skip
    db.events.insert_many(
        [
            *(an_event_document(id=f"e{n}", day=date(2040, 1, n), updated_at=NOON) for n in (1, 2)),
            *map(event_that_is_over, range(MANY)),
            an_event_document(id="awaited", day=date(2041, 1, 1), waiting=3, sold=9),
            an_event_document(id="not-empty", day=None, status="cancelled", sold=9),
        ]
    )
    add_accounts(db)
    db.idempotency.insert_many(
        {"caller": f"u{n}" if n else "ada", "key": "k", "fingerprint": "f", "status": 201,
         "headers": {}, "body": Binary(b""), "expires_at": utc_now() + timedelta(hours=1)}
        for n in range(MANY)
    )  # fmt: skip
    events.get(db, "e1")  # the first read of all looks whether the primary has caught up
    yield db
    mongo.drop_database(db.name)


def add_accounts(db):
    db.users.insert_many(
        {"_id": f"u{n:05}", "email": f"u{n}@example.org", "email_key": f"address:u{n}@example.org",
         "role": "customer" if n > 2 else "admin", "active": True, "password_hash": "h",
         "generation": 1, "signed_out": [], "created_at": utc_now(), "verified": True,
         "sequence": 1}
        for n in range(MANY)
    )  # fmt: skip
    db.api_keys.insert_many(
        {"_id": f"k{n:05}", "name": f"till {n}", "role": "staff", "prefix": "tk_", "hash": str(n),
         "created_at": utc_now(), "created_by": "boss", "good": True}
        for n in range(MANY)
    )  # fmt: skip
    db.user_audit.insert_many(
        {"user": "u00007", "sequence": n + 1, "action": "changed", "changes": {}, "actor": "boss",
         "at": utc_now(), "request_id": "r"}
        for n in range(MANY)
    )  # fmt: skip


def a_sale_of_e3(number):
    """One of 3,000, a minute apart: every fourth was given back a minute later."""
    at = NOON + timedelta(minutes=number)
    ending = {
        "status": "cancelled",
        "cancelled_at": at + timedelta(minutes=1),
        "reason": "staff",
        "cancelled_by": f"u{number % 2}",
    }
    return {
        **BOOKINGS.encode(
            a_sale(
                id=f"s{number:05}",
                event="e3",
                sequence=number + 1,
                created_at=at,
                sold_by=f"u{number % 3}",
            )
        ),
        **(ending if number % 4 == 0 else {}),
    }


def passed_on():
    giver, taker = "giver", "taker"
    return {"customer": [giver, taker]}


def an_event_document(**known):
    return EVENTS.encode(an_event(**known))


def event_that_is_over(number):
    """Called off, deleted, sold out or undated: one of 3,000, on days from 2000 on."""
    known = [
        {"status": "cancelled"},
        {"status": "deleted"},
        {"status": "deleted", "day": None},
        {"status": "cancelled", "day": None},
    ][number % 4]
    day = date(2000, 1, 1) + timedelta(days=number)
    return an_event_document(**{"id": f"over{number:05}", "day": day, **known})


def in_session(db, read, *args, **known):
    with db.client.start_session() as session:
        return read(db, *args, **known, session=session)


def find_with(db, *, ids=(), holders=(), acquirers=(), refs=()):
    """Read an event together with bookings and customers, as a batch does."""
    wanted = {
        "bookings": bookings.named_or_held("e1", ids, holders, acquirers),
        "customers": customers.meant_by(refs),
    }
    return in_session(db, events.find_with, "e1", wanted)


C7 = "c7"


def status(word, **known):
    return bookings.Filter(status=word, **known)


def finishing(id_):
    return an_event(id=id_, status="cancelled", sold=9)


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
        (lambda db: find_with(db, ids=["b00001"], holders=["c1", "c7"], acquirers=["c13"]), 5),
        (lambda db: find_with(db, refs=[named("ada"), named("U7@example.org")]), 2),
        (lambda db: in_session(db, bookings.find_held, "e1", ["c1", "c7"]), 2),
        (lambda db: bookings.first_waiting(db, "e1", 5, None), 5),
        (lambda db: bookings.get_with_position(db, "b01501"), 1),
        (lambda db: bookings.get_with_event(db, "b01501", None), 2),
        (lambda db: bookings.waiting_page(db, "e1", 700, 5), 5),
        (lambda db: bookings.get_sale(db, "b00003"), 1),
        # One more of each kind but the last: MongoDB merges them.
        (lambda db: in_session(db, bookings.first_active, "e1", 5), 5 + 1),
        (lambda db: in_session(db, bookings.largest_waiting, "e1", 0, 5), 5),
        (lambda db: in_session(db, bookings.largest_waiting, "e1", 9, 5), 1),
        (lambda db: bookings.page(db, bookings.Filter(), Place(), 5), 5),
        (lambda db: bookings.page(db, bookings.Filter(), LATER, 5), 5 + SEEN),
        (lambda db: bookings.page_of_event(db, bookings.Filter(event="e1"), 100, 5), 7),
        (lambda db: bookings.page_of_event(db, bookings.Filter(event="nope"), 0, 5), 0),
        (lambda db: bookings.page(db, bookings.Filter(customer="c7"), Place(), 5), 1),
        (lambda db: bookings.page_of_event(db, bookings.Filter("e1", "c7"), 0, 5), 1),
        (lambda db: bookings.page(db, status("waiting"), Place(), 5), 5),
        (lambda db: bookings.page(db, status("cancelled"), LATER, 5), 5 + SEEN),
        (lambda db: bookings.page(db, status("confirmed"), Place(), 5), 0),
        (lambda db: bookings.page(db, status("waiting", customer=C7), Place(), 5), 1),
        (lambda db: bookings.page(db, status("cancelled", customer=C7), Place(), 5), 0),
        (lambda db: bookings.page_of_event(db, status("waiting", event="e1"), 100, 5), 5),
        (lambda db: bookings.page_of_event(db, status("confirmed", event="e1"), 0, 5), 0),
        (lambda db: bookings.waiting_of(db, C7), 1),
        (lambda db: sales.page(db, sales.Filter(), Place(), 5), 5),
        (lambda db: sales.page(db, sales.Filter(since=NOON), Place(Row(NOON, "e3", 0)), 5), 7),
        (lambda db: sales.page(db, sales.Filter(status="cancelled"), FROM_NOON, 5), 6),
        (lambda db: sales.page(db, sales.Filter(actor="u1"), FROM_NOON, 5), 7),
        (lambda db: sales.page(db, sales.Filter(actor="nobody"), Place(), 5), 0),
        (lambda db: sales.page(db, sales.Filter(actor="u2", status="confirmed"), FROM_NOON, 5), 5),
        (lambda db: sales.page(db, sales.Filter(since=LATE, until=LATER_STILL), FROM_NOON, 5), 7),
        (lambda db: sales.page_of_event(db, sales.Filter("e3"), 100, 5), 7),
        (lambda db: sales.page_of_event(db, sales.Filter("e3", "u1"), 1_000, 5), 7),
        (lambda db: sales.page_of_event(db, sales.Filter("e3", status="cancelled"), 0, 5), 5),
        (lambda db: sales.page_of_event(db, sales.Filter("e3", since=LATE), 0, 5), 7),
        (lambda db: sales.latest(db, sales.Filter(actor="u1"), 5), 7),
        (lambda db: sales.latest(db, sales.Filter("e3", "u1", since=LATE), 5), 7),
        (lambda db: sales.evening(db, LATE, LATER_STILL), 60 + 2 * 15),
        (lambda db: sales.evening(db, LATE, LATER_STILL, "e1"), 0),
        (lambda db: in_session(db, bookings.owed, finishing("e1"), 0, 5), 10),
        (lambda db: audit.page(db, "e1", None, None, 1_500, 5), 5),
        (lambda db: audit.page(db, "e1", "b00003", None, 0, 5), 1),
        (lambda db: audit.page(db, "e1", None, "c7", 0, 5), 1),
        (lambda db: audit.page(db, "e2", None, "giver", 0, 5), 5),
        (lambda db: audit.page(db, "e1", "b00007", "c7", 0, 5), 2),
        (lambda db: events.get(db, "e1") if events.has_existed(db, "e1") else None, 2),
        (lambda db: events.page(db, None, None, None, 5), 6),
        (lambda db: events.page(db, None, None, (None, "over00003"), 5), 12),
        (lambda db: events.page(db, None, None, (date(2004, 1, 1), "over02000"), 5), 6),
        (lambda db: events.page(db, date(2004, 1, 1), None, (date(2005, 1, 1), "e"), 5), 6),
        (lambda db: events.page(db, date(2040, 1, 1), date(2040, 12, 1), None, 5), 2),
        (lambda db: events.page_by_creation(db, events.Filter(), Place(), 5), 5),
        (lambda db: events.page_by_creation(db, events.Filter(), FROM_NOW, 5), 7),
        (lambda db: events.page_by_day(db, events.Filter(updated_since=NOON), None, 5), 2),
        (lambda db: bookings_by_name.page_of_event(db, IN_E1, "nobody", 0, 5), MANY // 2),
        (lambda db: audit_by_name.newest(db, "e1", "nobody", None, 5), MANY // 2),
        (lambda db: audit_by_name.newest(db, "e1", "nobody", 100, 5), 50),
        (lambda db: audit_by_name.newest(db, "nope", "nobody", None, 5), 0),
        (lambda db: events.monthly(db, date(2040, 1, 1), date(2040, 12, 31)), 2),
        (lambda db: events.monthly(db, date(2003, 1, 1), date(2003, 12, 31)), 0),
        (lambda db: in_session(db, events.days_taken, [date(2003, 6, 1)], but_by="e1"), 0),
        (events.with_remaining_work, 2),
        (lambda db: users.find_by_email(db, "U7@example.org"), 1),
        (lambda db: users.page(db, Place(), 5), 5),
        (lambda db: users.page(db, Place(), 5, "U7@example.org"), 1),
        (lambda db: user_audit.page(db, "u00007", 1_500, 5), 5),
        (lambda db: in_session(db, users.has_other_admins, "u00000"), 3),
        (lambda db: in_session(db, idempotency.find_many, [("ada", "k"), ("bob", "l")]), 1),
        (lambda db: idempotency.find(db, ("ada", "k")), 1),
        (lambda db: bookings.active_of(db, C7, 5), 2),
        (lambda db: bookings.versions_of(db, C7, 5), 0),
        (lambda db: bookings.called_off_of(db, C7, 5), 0),
        (lambda db: events.sequences_of(db, ["e1", "e2", "nope"]), 2),
        (lambda db: bookings.held_by(db, "e1", C7), 1),
        (lambda db: bookings.held_by(db, "e1", "nobody"), 0),
        (lambda db: bookings.creation_times(db, ["b00001", "b00003", "nope"]), 2),
        (lambda db: bookings.ticket_counts(db, "e1"), 1 + SALES_OF_E1),
        (lambda db: bookings.ticket_counts(db, "e2"), 1 + SALES_OF_E1),
        (lambda db: events.find_many(db, ["e1", "over00001", "nope"]), 2),
        (lambda db: events.undated(db, 5), 5),
        (lambda db: events.page_by_day(db, ON_SALE, None, 5), 3),
        (lambda db: audit.newest(db, "e1", None, None, None, 5), 5),
        (lambda db: audit.newest(db, "e1", None, None, 1_500, 5), 5),
        (lambda db: audit.newest(db, "e1", "b00003", None, None, 5), 1),
        (lambda db: audit.newest(db, "e1", None, "c7", None, 5), 1),
        (lambda db: audit.newest(db, "e2", None, "giver", None, 5), 5),
        (lambda db: users.find_many(db, ["u00001", "u00002", "nope"]), 2),
        (lambda db: api_keys.find(db, "k00007"), 1),
        (lambda db: api_keys.page(db, Place(), 5), 5),
    ],
)
def test_looks_at_no_more_than_it_needs(full, examined, read, enough):
    assert examined(lambda: read(full)) <= enough


def test_stops_looking_for_a_name_where_enough_have_it(full, examined):
    """No index finds a part of a name, so rows are read in batches, and their customers."""
    named = [CUSTOMERS.encode(Customer(f"c{n}", f"ada {n}")) for n in range(MANY)]
    full.customers.insert_many(named)

    looked = examined(lambda: bookings_by_name.page_of_event(full, IN_E1, "ada", 0, 5))

    full.customers.delete_many({})
    # In order of three statuses a batch may read as many rows of each.
    assert looked <= (3 + 1) * AT_ONCE


def test_lists_the_newest_of_somebody_with_many(full, examined):
    rows = [full.bookings.find_one({"_id": "b00001"}, {"_id": False, "sequence": False})] * SEEN
    full.bookings.insert_many(
        {**row, "event": f"of-regular{n}", "customer": "regular", "sequence": 1, "_id": f"r{n}"}
        for n, row in enumerate(rows)
    )

    looked = examined(lambda: bookings.active_of(full, "regular", 5))
    marked = examined(lambda: bookings.versions_of(full, "regular", SEEN))

    full.bookings.delete_many({"customer": "regular"})
    assert looked <= 5
    assert marked == 0


def test_stops_looking_through_a_story_however_long_it_is(full, examined):
    """No index finds a part of a name: one request looks at so many entries, and no more."""
    entry = full.audit.find_one({"event": "e1"}, {"_id": False, "sequence": False})
    full.audit.insert_many({**entry, "event": "long", "sequence": n} for n in range(1, MANY + 1))

    looked = examined(lambda: audit_by_name.newest(full, "long", "nobody", None, 5))

    full.audit.delete_many({"event": "long"})
    assert looked <= MOST_LOOKED_AT


def test_counts_those_ahead_without_reading_them(full, examined):
    (last,) = bookings.first_waiting(full, "e1", 1, None, after=MANY - 10)

    assert examined(lambda: in_session(full, bookings.count_ahead, last)) == 0


@pytest.fixture
def many_customers(full):
    def add(**known):
        full.customers.insert_many(
            {"_id": f"x{n}", "name": f"n{n}", "active": True, "key": f"name:n{n}", **known}
            for n in range(MANY)
        )

    yield add
    full.customers.delete_many({})


@pytest.mark.parametrize(
    ("known", "enough"), [({}, 5), ({"seen_at": BUILT}, 5), ({"seen_at": LATE}, 0)]
)
def test_looks_at_few_however_many_may_be_idle(full, many_customers, examined, known, enough):
    """Nobody has been looked at, or everybody long ago, or nobody is due."""
    many_customers(**known)

    assert examined(lambda: idle.due(full, NOON, 5)) <= enough


def test_looks_at_few_however_many_erasures_there_were(full, many_customers, examined):
    many_customers(sweeping="", erased_at=NOON)

    assert examined(lambda: erasure.to_sweep(full, LATE, 5)) <= 5

"""What an order examines does not grow with what is over, nor with the list behind the head."""

from __future__ import annotations

import pytest

from tests.domain.builders import a_customer, a_sale, an_event, book, sell
from ticketing.domain.changes import read_set
from ticketing.domain.commands.bookings import Cancel, CancelFor, Resize
from ticketing.domain.commands.command import Resume
from ticketing.domain.commands.events import CallOff, Change
from ticketing.domain.commands.sales import Return
from ticketing.domain.commands.transfers import Transfer
from ticketing.domain.errors import CapacityBelowWaiting
from ticketing.domain.identity.caller import Caller
from ticketing.services.writes.recovery import recover
from ticketing.storage import events
from ticketing.storage.documents import BOOKINGS, EVENTS

CALLER = Caller("ada", "r1")
MANY = 200
MOST_PER_COMMIT = 5


@pytest.fixture(autouse=True)
def small_commits(monkeypatch):
    for module in ("ticketing.domain.commands.events", "ticketing.domain.changes.waiting_list"):
        monkeypatch.setattr(f"{module}.MOST_PER_COMMIT", MOST_PER_COMMIT)
    monkeypatch.setattr(read_set, "MOST_PER_COMMIT", MOST_PER_COMMIT)


@pytest.fixture
def crowded(db):
    """An event with 200 each of cancelled, confirmed and waiting bookings, in this order.

    One in three was sold over the counter; the last who waits wants 9 tickets.
    """
    ends = {"cancelled": MANY, "confirmed": 2 * MANY, "waiting": 3 * MANY}
    rows = []
    for n in range(3 * MANY):
        status = next(status for status, end in ends.items() if n < end)
        named = n % 3 or status == "waiting"
        rows.append(
            a_sale(
                id=f"b{n}",
                customer=a_customer(f"c{n}") if named else None,
                tickets=9 if n == 3 * MANY - 1 else 1,
                status=status,
                sequence=n + 2,
                total=None if status == "waiting" else 500,
            )
        )
    event = an_event(
        capacity=MANY,
        sold=MANY,
        bookings=sum(1 for row in rows if row.customer and row.status == "confirmed"),
        waiting=MANY,
        revenue=500 * MANY,
        sequence=3 * MANY + 1,
        ever_booked=True,
    )
    db.events.insert_one(EVENTS.encode(event))
    db.bookings.insert_many([BOOKINGS.encode(row) for row in rows])
    events.get(db, "e1")
    return db


@pytest.fixture
def examined(crowded):
    """Do something and return how many documents MongoDB looked at for it, commit by commit."""

    def measure(do):
        crowded.command("profile", 2)
        try:
            do()
        finally:
            crowded.command("profile", 0)
        entries = list(crowded["system.profile"].find())
        crowded["system.profile"].drop()
        return sum(entry.get("docsExamined", 0) for entry in entries)

    return measure


@pytest.mark.parametrize(
    ("command", "enough"),
    [
        (sell(1), 2),
        (book(a_customer("new")), 2),
        (Cancel(f"b{MANY + 1}"), 10),
        (Cancel(f"b{2 * MANY + 7}"), 5),
        (CancelFor(a_customer(f"c{MANY + 1}")), 10),
        (Return(f"b{MANY + 1}"), 10),
        (Resize(f"b{3 * MANY - 1}", 2), 5),
        (Transfer(f"b{MANY + 1}", a_customer("new")), 5),
        (Change({"price": 100}), 2),
        (Change({"capacity": MANY + 2}), 12),
        (Change({"capacity": MANY - 1}), 2 + MOST_PER_COMMIT),
    ],
    ids=lambda value: type(value).__name__,
)
def test_looks_at_no_more_than_it_needs(handler, examined, command, enough):
    assert examined(lambda: handler.execute(command, on="e1", caller=CALLER)) <= enough


def test_a_capacity_that_rises_asks_for_nobodys_wish(crowded, handler, examined):
    """Nobody wants more than there was before."""
    crowded.bookings.update_many({"status": "waiting"}, {"$set": {"tickets": MANY}})

    assert (
        examined(lambda: handler.execute(Change({"capacity": MANY + 1}), on="e1", caller=CALLER))
        <= 5
    )


def test_a_lower_capacity_looks_at_the_largest_wishes_only(crowded, handler, examined):
    crowded.events.update_one({"_id": "e1"}, {"$set": {"capacity": MANY + 10, "sold": 1}})
    crowded.bookings.update_one({"_id": f"b{2 * MANY}"}, {"$set": {"tickets": MANY + 10}})
    refused = []

    looked = examined(
        lambda: refused.append(
            handler.execute(Change({"capacity": MANY}), on="e1", caller=CALLER).outcome
        )
    )

    assert isinstance(refused[0], CapacityBelowWaiting)
    assert looked <= 5 + MOST_PER_COMMIT


def test_calling_off_walks_past_nothing_that_is_cancelled(crowded, handler, examined, monkeypatch):
    """Each commit reads what it cancels, however many were cancelled before."""
    monkeypatch.setattr(handler, "resume", lambda *_: None)

    first = examined(lambda: handler.execute(CallOff(), on="e1", caller=CALLER))
    tenth = [examined(lambda: handler.execute(Resume(), on="e1", caller=CALLER)) for _ in range(9)][
        -1
    ]

    assert max(first, tenth) <= 2 + 3 * MOST_PER_COMMIT
    assert crowded.bookings.count_documents({"status": "cancelled"}) == MANY + 10 * MOST_PER_COMMIT


def test_sweeping_looks_at_no_event_that_needs_nothing(crowded, handler, examined):
    crowded.events.insert_many(
        EVENTS.encode(an_event(id=f"over{n}", day=None, capacity=1, sold=1, status=status))
        for n, status in enumerate(["scheduled", "deleted"] * MANY)
    )

    assert examined(lambda: recover(crowded, handler)) <= 1

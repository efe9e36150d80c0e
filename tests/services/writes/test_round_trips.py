"""How often a commit asks MongoDB, which is what a group costs however many are in it."""

from __future__ import annotations

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from tests.domain.builders import a_customer, an_event, book, sell
from tests.services.conftest import a_handler
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.commands.command import Envelope
from ticketing.domain.commands.events import CallOff
from ticketing.domain.identity.caller import Caller
from ticketing.services import commands
from ticketing.services.writes.batch import Submission
from ticketing.storage.documents import CUSTOMERS, EVENTS

CALLER = Caller("ada", "r1")


class Asked(CommandListener):
    """Notes what MongoDB is asked, and of which collection."""

    def __init__(self):
        self.commands = []
        self.updates = []

    def started(self, event):
        self.updates += event.command.get("updates", []) if event.command_name == "update" else []
        named = event.command.get(event.command_name)
        self.commands.append((event.command_name, named if isinstance(named, str) else None))

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def commit(mongodb_uri, db, asked):
    """Commit commands as one group, and return what MongoDB was asked."""
    db.events.insert_one(EVENTS.encode(an_event(capacity=100)))
    with MongoClient(mongodb_uri, tz_aware=True, event_listeners=[asked]) as client:
        client.admin.command("ping")  # who connects has to sign in
        handler = a_handler(client, client[db.name])

        def measure(*wanted):
            asked.commands.clear()
            handler._commit("e1", [Submission(Envelope(each, CALLER)) for each in wanted])
            return list(asked.commands)

        yield measure


def test_of_sales(commit):
    assert commit(sell(1), sell(2)) == [
        ("find", "events"),
        ("findAndModify", "events"),
        ("insert", "bookings"),
        ("insert", "audit"),
        ("commitTransaction", None),
    ]


def test_of_bookings_by_customers_who_are_known_by_id(commit, db):
    known = [a_customer("ada"), a_customer("grace")]
    db.customers.insert_many([CUSTOMERS.encode(each) for each in known])

    sales = commit(sell(1), sell(1))
    bookings = commit(*(book(each, 1) for each in known))

    assert bookings == [("aggregate", "events"), *sales[1:]]


def test_of_bookings_for_customers_who_are_new(commit):
    sales = commit(sell(1), sell(1))
    bookings = commit(*(book(commands.named(f"{name}@example.org"), 1) for name in "ab"))

    assert bookings == [("aggregate", "events"), sales[1], ("insert", "customers"), *sales[2:]]


def test_of_a_booking_that_is_cancelled(commit, db):
    commit(book(a_customer("ada"), 1))
    booking = db.bookings.find_one()["_id"]

    cancelled = commit(Cancel(booking))

    assert cancelled[0] == ("aggregate", "events")
    assert len(cancelled) <= 6


def test_of_an_event_that_is_called_off(commit, db, asked):
    """As many updates as there are ways to end, however many end."""
    for name in ("ada", "grace", "linus", "hedy"):
        commit(book(a_customer(name), 1 if name == "hedy" else 2), sell(1), sell(3))
    asked.updates.clear()

    commit(CallOff())

    # Customers with one ticket and with two, sales with one and with three.
    assert len(asked.updates) == 4
    assert db.bookings.count_documents({"status": "cancelled", "reason": "called_off"}) == 12

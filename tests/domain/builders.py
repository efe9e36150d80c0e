"""Builders that name only what matters to the test."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count

from ticketing.domain.bookings import Booking
from ticketing.domain.changes.read_set import ReadSet
from ticketing.domain.changes.results import Outcome
from ticketing.domain.commands.bookings import Book
from ticketing.domain.commands.command import AnyCommand, Envelope
from ticketing.domain.commands.decide import Decision, decide
from ticketing.domain.commands.events import Create
from ticketing.domain.commands.sales import Return, Sell
from ticketing.domain.events import Event
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer, CustomerRef, NamedCustomer
from ticketing.domain.identity.names import canonical_key

NOW = datetime(2024, 10, 1, 12, tzinfo=UTC)
HALLOWEEN = date(2024, 10, 31)


def a_customer(name: str) -> Customer:
    """A customer who has held bookings before."""
    return Customer(f"customer-{name}", name, canonical_key(name), created_at=NOW)


def named(name: str) -> NamedCustomer:
    """A customer as staff names them, with an id for the case that nobody knows them."""
    return NamedCustomer(canonical_key(name), name, f"customer-{name}")


ADA, GRACE, LINUS = (a_customer(name) for name in ("ada", "grace", "linus"))

_numbers = count(1)


def an_event(**known: object) -> Event:
    """An event with 10 tickets at 5.00, nothing sold, after one change."""
    values: dict[str, object] = {
        "id": "e1",
        "name": "Charity Auction",
        "venue": None,
        "day": HALLOWEEN,
        "capacity": 10,
        "price": 500,
        "status": "scheduled",
        "sold": 0,
        "bookings": 0,
        "waiting": 0,
        "revenue": 0,
        "sequence": 1,
        "ever_booked": False,
        "created_at": NOW,
    }
    return Event(**{**values, **known})  # type: ignore[arg-type]


def a_sale(**known: object) -> Booking:
    """A box-office sale of one ticket at 5.00."""
    values: dict[str, object] = {
        "id": "b1",
        "event": "e1",
        "customer": None,
        "tickets": 1,
        "status": "confirmed",
        "sequence": 2,
        "total": 500,
        "created_at": NOW,
    }
    return Booking(**{**values, **known})  # type: ignore[arg-type]


def a_new_event(**known: object) -> Create:
    values: dict[str, object] = {
        "name": "Charity Auction",
        "venue": None,
        "day": HALLOWEEN,
        "capacity": 10,
        "price": 500,
    }
    return Create(**{**values, **known})  # type: ignore[arg-type]


def sell(tickets: int = 1, booking: str | None = None) -> Sell:
    return Sell(booking or f"sale-{next(_numbers)}", tickets)


def book(
    customer: CustomerRef = ADA,
    tickets: int = 1,
    *,
    waitlist: bool | None = None,
    booking: str = "",
) -> Book:
    return Book(booking or f"booking-{next(_numbers)}", customer, tickets, waitlist)


def give_back(sale: Booking) -> Return:
    return Return(sale.id)


CALLER = Caller("ada", "r1", a_customer("own").id)


def an_envelope(command: AnyCommand) -> Envelope:
    return Envelope(command, CALLER)


def decided(event: Event | None, *commands: AnyCommand, **read: object) -> Decision:
    """Decide commands on an event that nothing else is known of."""
    envelopes = [an_envelope(command) for command in commands]
    return decide(event.id if event else "e1", event, ReadSet(**read), envelopes, NOW)  # type: ignore[arg-type]


def outcome(event: Event | None, command: AnyCommand, **read: object) -> Outcome:
    return decided(event, command, **read).outcomes[0]

"""Builders that name only what matters to the test."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count

from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Command, Create, Order, Return, Sell
from ticketing.domain.decisions import Decision, Outcome, decide
from ticketing.domain.events import Event
from ticketing.domain.facts import Facts

NOW = datetime(2024, 10, 1, 12, tzinfo=UTC)
HALLOWEEN = date(2024, 10, 31)
FREE = 0

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


def give_back(sale: Booking) -> Return:
    return Return(sale.id)


def an_order(command: Command) -> Order:
    return Order(command, actor="ada", request_id="r1")


def decided(event: Event | None, *commands: Command, **facts: object) -> Decision:
    """Decide commands on an event that nothing else is known of."""
    orders = [an_order(command) for command in commands]
    return decide(event.id if event else "e1", event, Facts(**facts), orders, NOW)  # type: ignore[arg-type]


def outcome(event: Event | None, command: Command, **facts: object) -> Outcome:
    return decided(event, command, **facts).outcomes[0]

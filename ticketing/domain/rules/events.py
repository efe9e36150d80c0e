"""The rules of the calendar: making, changing and taking off an event."""

from __future__ import annotations

from dataclasses import replace

from ticketing.domain.commands import Change, Create, Delete, Order
from ticketing.domain.errors import (
    CapacityBelowSold,
    DateTaken,
    EventExists,
    EventHasBookings,
    Stale,
)
from ticketing.domain.events import Event
from ticketing.domain.ledger import Ledger


def create(ledger: Ledger, order: Order, command: Create, id_: str) -> Event:
    """Put an event on the calendar under this id; raises EventExists, DateTaken."""
    if ledger.event is not None:
        raise EventExists
    if command.day in ledger.taken:
        raise DateTaken

    event = Event(
        id=id_,
        name=command.name,
        venue=command.venue,
        day=command.day,
        capacity=command.capacity,
        price=command.price,
        status="scheduled",
        sold=0,
        bookings=0,
        waiting=0,
        revenue=0,
        sequence=0,
        ever_booked=False,
        created_at=ledger.now,
    )
    details = ("name", "venue", "day", "capacity", "price")
    changes = {field: (None, getattr(event, field)) for field in details}
    return ledger.enter_event(order, "created", event, changes)


def change(ledger: Ledger, order: Order, command: Change) -> Event:
    """Give the event new details; values that it has already change nothing.

    Raises EventNotFound, EventCancelled, Stale, DateTaken, CapacityBelowSold.
    """
    event = ledger.scheduled()
    _must_be_fresh(event, command.expected)

    changes = {
        field: (getattr(event, field), value)
        for field, value in command.values.items()
        if getattr(event, field) != value
    }
    if not changes:
        return event
    if "day" in changes and changes["day"][1] in ledger.taken:
        raise DateTaken
    if "capacity" in changes and changes["capacity"][1] < event.sold:
        raise CapacityBelowSold(ticketsSold=event.sold)

    changed = replace(event, **{field: new for field, (_, new) in changes.items()})
    return ledger.enter_event(order, "changed", changed, changes)


def delete(ledger: Ledger, order: Order, command: Delete) -> Event:
    """Take the event off the calendar, leaving a mark; raises EventHasBookings, Stale."""
    event = ledger.existing()
    _must_be_fresh(event, command.expected)
    if event.ever_booked:
        raise EventHasBookings

    gone = replace(event, status="deleted")
    return ledger.enter_event(order, "deleted", gone, {"status": (event.status, "deleted")})


def _must_be_fresh(event: Event, expected: frozenset[int] | None) -> None:
    if expected is not None and event.sequence not in expected:
        raise Stale

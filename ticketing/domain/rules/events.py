"""The rules of the calendar: making, changing, taking off and calling off an event."""

from __future__ import annotations

from dataclasses import replace

from ticketing.domain.commands import CallOff, Change, Create, Delete, Order
from ticketing.domain.errors import (
    CapacityBelowSold,
    CapacityBelowWaiting,
    DateTaken,
    EventExists,
    EventHasBookings,
    Stale,
)
from ticketing.domain.events import Event
from ticketing.domain.facts import MOST_PER_COMMIT
from ticketing.domain.ledger import Ledger
from ticketing.domain.outcomes import MOST_NAMED, CalledOff, Changed
from ticketing.domain.rules.waiting_list import serve

_DETAILS = ("name", "venue", "day", "capacity", "price")


def create(ledger: Ledger, order: Order, command: Create, id_: str) -> Event:
    """Put an event on the calendar under this id; raises EventExists, DateTaken."""
    old = ledger.event
    if old is not None and not (command.replaces and _may_be_replaced(old)):
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
        sequence=old.sequence if old else 0,
        ever_booked=False,
        created_at=old.created_at if old else ledger.now,
    )
    changes = {field: (getattr(old, field, None), getattr(event, field)) for field in _DETAILS}
    return ledger.enter_event(order, "replaced" if old else "created", event, changes)


def change(ledger: Ledger, order: Order, command: Change) -> Changed:
    """Give the event new details; values that it has already change nothing.

    More capacity serves the waiting list. Raises EventNotFound, EventCancelled, Stale, DateTaken,
    CapacityBelowSold, CapacityBelowWaiting.
    """
    event = ledger.scheduled()
    _must_be_fresh(event, command.expected)

    changes = {
        field: (getattr(event, field), value)
        for field, value in command.values.items()
        if getattr(event, field) != value
    }
    if not changes:
        return Changed(event)
    if "day" in changes and changes["day"][1] in ledger.taken:
        raise DateTaken
    if "capacity" in changes:
        _must_hold_all(ledger, event, changes["capacity"][1])

    changed = replace(event, **{field: new for field, (_, new) in changes.items()})
    ledger.enter_event(order, "changed", changed, changes)
    assigned = serve(ledger, order)
    return Changed(ledger.existing(), assigned)


def delete(ledger: Ledger, order: Order, command: Delete) -> Event:
    """Take the event off the calendar, leaving a mark; raises EventHasBookings, Stale."""
    event = ledger.existing()
    _must_be_fresh(event, command.expected)
    if event.ever_booked:
        raise EventHasBookings

    gone = replace(event, status="deleted")
    return ledger.enter_event(order, "deleted", gone, {"status": (event.status, "deleted")})


def call_off(ledger: Ledger, order: Order, command: CallOff) -> CalledOff:
    """Call an event off and cancel what is booked; raises EventNotFound, EventCancelled, Stale."""
    event = ledger.scheduled()
    _must_be_fresh(event, command.expected)

    owed = [booking for booking in ledger.active() if booking.status == "confirmed"]
    off = replace(event, status="cancelled", owed_total=event.revenue)
    ledger.enter_event(order, "called_off", off, {"status": ("scheduled", "cancelled")})
    cancel_all(ledger, order)
    return CalledOff(ledger.existing(), owed[:MOST_NAMED], event.revenue)


def cancel_all(ledger: Ledger, order: Order) -> None:
    """Cancel what is booked for an event that is called off, as much as goes into a commit."""
    for booking in ledger.active():
        if len(ledger.writes) >= MOST_PER_COMMIT:
            break
        ledger.enter_end(order, booking)


def _may_be_replaced(event: Event) -> bool:
    return event.status == "scheduled" and not event.ever_booked


def _must_hold_all(ledger: Ledger, event: Event, capacity: int) -> None:
    if capacity < event.sold:
        raise CapacityBelowSold(ticketsSold=event.sold)
    for booking in ledger.active():
        if booking.status == "waiting" and booking.tickets > capacity:
            raise CapacityBelowWaiting(nTickets=booking.tickets)


def _must_be_fresh(event: Event, expected: frozenset[int] | None) -> None:
    if expected is not None and event.sequence not in expected:
        raise Stale

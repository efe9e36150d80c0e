"""The calendar: making, changing, deleting and calling off an event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypedDict

from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.changes.read_set import MOST_PER_COMMIT, NOTHING, Reads
from ticketing.domain.changes.results import MOST_NAMED, CalledOff, EventResult
from ticketing.domain.changes.waiting_list import serve
from ticketing.domain.commands.command import Command
from ticketing.domain.errors import (
    CapacityBelowSold,
    CapacityBelowWaiting,
    DateTaken,
    EventExists,
    EventHasBookings,
    Stale,
)
from ticketing.domain.events import Event
from ticketing.domain.identity.caller import Caller


class EventDetails(TypedDict, total=False):
    """What can be changed of an event, or a part of it; `price` is in minor units."""

    name: str
    venue: str | None
    day: date | None
    capacity: int
    price: int


_DETAILS = tuple(EventDetails.__annotations__)


@dataclass(frozen=True, slots=True)
class Create(Command[Event]):
    """Create an event; `price` is in minor units.

    With `replaces` an event that has the same id and was never booked is made anew.
    """

    name: str
    venue: str | None
    day: date | None
    capacity: int
    price: int
    replaces: bool = False

    def reads(self) -> Reads:
        """Return the day, where there is one."""
        return Reads(days=(self.day,)) if self.day else NOTHING

    def apply(self, change_set: ChangeSet, caller: Caller) -> Event:
        """Create an event; raises EventExists, DateTaken."""
        old = change_set.event
        if old is not None and not (self.replaces and _may_be_replaced(old)):
            raise EventExists
        if self.day in change_set.taken:
            raise DateTaken

        event = Event(
            id=change_set.event_id,
            name=self.name,
            venue=self.venue,
            day=self.day,
            capacity=self.capacity,
            price=self.price,
            status="scheduled",
            sold=0,
            bookings=0,
            waiting=0,
            revenue=0,
            sequence=old.sequence if old else 0,
            ever_booked=False,
            created_at=old.created_at if old else change_set.now,
            head=old.head if old else None,
        )
        changes = {field: (getattr(old, field, None), getattr(event, field)) for field in _DETAILS}
        return change_set.record_event(caller, "replaced" if old else "created", event, changes)


@dataclass(frozen=True, slots=True)
class Change(Command[EventResult]):
    """Change some of an event's details."""

    values: EventDetails
    expected: frozenset[int] | None = None

    def reads(self) -> Reads:
        """Return the new day, and what depends on the new capacity."""
        day = self.values.get("day")
        return Reads(
            days=(day,) if day else (),
            capacities=(self.values["capacity"],) if "capacity" in self.values else (),
        )

    def apply(self, change_set: ChangeSet, caller: Caller) -> EventResult:
        """Change the event's details; values that it has already change nothing.

        More capacity serves the waiting list. Raises EventNotFound, EventCancelled, Stale,
        DateTaken, CapacityBelowSold, CapacityBelowWaiting.
        """
        event = change_set.scheduled_event()
        _require_fresh(event, self.expected)

        changes: dict[str, tuple[Any, Any]] = {
            field: (getattr(event, field), value)
            for field, value in self.values.items()
            if getattr(event, field) != value
        }
        if not changes:
            return EventResult(event)
        if "day" in changes and changes["day"][1] in change_set.taken:
            raise DateTaken
        if "capacity" in changes:
            _require_capacity(change_set, event, changes["capacity"][1])

        changed = replace(event, **{field: new for field, (_, new) in changes.items()})
        change_set.record_event(caller, "changed", changed, changes)
        assigned = serve(change_set, caller)
        return EventResult(change_set.existing_event(), assigned)


@dataclass(frozen=True, slots=True)
class Delete(Command[Event]):
    """Delete an event that was never booked."""

    expected: frozenset[int] | None = None

    def reads(self) -> Reads:
        """Return nothing: the event knows whether it was ever booked."""
        return NOTHING

    def apply(self, change_set: ChangeSet, caller: Caller) -> Event:
        """Leave a tombstone; raises EventNotFound, EventHasBookings, Stale."""
        event = change_set.existing_event()
        _require_fresh(event, self.expected)
        if event.ever_booked:
            raise EventHasBookings

        gone = replace(event, status="deleted")
        return change_set.record_event(
            caller, "deleted", gone, {"status": (event.status, "deleted")}
        )


@dataclass(frozen=True, slots=True)
class CallOff(Command[CalledOff]):
    """Call an event off: every booking is cancelled, the list is emptied, the day is free."""

    expected: frozenset[int] | None = None

    def reads(self) -> Reads:
        """Return everything that is booked."""
        return Reads(all_active=True)

    def apply(self, change_set: ChangeSet, caller: Caller) -> CalledOff:
        """Call the event off and cancel what is booked, as much as goes into a commit.

        Raises EventNotFound, EventCancelled, Stale.
        """
        event = change_set.scheduled_event()
        _require_fresh(event, self.expected)

        owed = [b for b in change_set.active_bookings() if b.status == "confirmed"]
        off = replace(event, status="cancelled", owed_total=event.revenue)
        changes = {"status": ("scheduled", "cancelled")}
        change_set.record_event(caller, "called_off", off, changes)
        cancel_bookings(change_set, caller)
        return CalledOff(change_set.existing_event(), owed[:MOST_NAMED], event.revenue)


def cancel_bookings(change_set: ChangeSet, caller: Caller) -> None:
    """Cancel what is booked for an event that is called off, as much as goes into a commit."""
    for booking in change_set.active_bookings():
        if len(change_set.writes) >= MOST_PER_COMMIT:
            break
        change_set.record_end(caller, booking)


def _may_be_replaced(event: Event) -> bool:
    return event.status == "scheduled" and not event.ever_booked


def _require_capacity(change_set: ChangeSet, event: Event, capacity: int) -> None:
    if capacity < event.sold:
        raise CapacityBelowSold(sold=event.sold)
    for booking in change_set.active_bookings():
        if booking.status == "waiting" and booking.tickets > capacity:
            raise CapacityBelowWaiting(tickets=booking.tickets)


def _require_fresh(event: Event, expected: frozenset[int] | None) -> None:
    if expected is not None and event.sequence not in expected:
        raise Stale

"""The working page on which one group of commands is decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ticketing.domain.audit import Action, AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Order
from ticketing.domain.errors import EventCancelled, EventNotFound
from ticketing.domain.events import Event
from ticketing.domain.facts import Facts


@dataclass(frozen=True, slots=True)
class BookingWrite:
    """A booking as one change leaves it, and as it found it (None: the change made it)."""

    before: Booking | None
    after: Booking


class Ledger:
    """An event while one group of commands is decided on it.

    Rules read the page and write on it through `enter_event` and `enter_booking`, which keep the
    counters, the sequence and the audit trail together: a change can't be made without its entry.
    """

    def __init__(self, event: Event | None, facts: Facts, now: datetime) -> None:
        self._event = event
        self.now = now
        self.taken = facts.taken
        self.writes: list[BookingWrite] = []
        self.entries: list[AuditEntry] = []
        self._bookings = dict(facts.bookings)

    @property
    def event(self) -> Event | None:
        """The event as it stands, marks of deleted events included."""
        return self._event

    def existing(self) -> Event:
        """Return the event; raises EventNotFound where there is none."""
        if self._event is None or self._event.status == "deleted":
            raise EventNotFound
        return self._event

    def scheduled(self) -> Event:
        """Return the event; raises EventNotFound, EventCancelled."""
        event = self.existing()
        if event.status == "cancelled":
            raise EventCancelled
        return event

    def booking(self, id_: str) -> Booking | None:
        """Find a booking of this event that a command named."""
        return self._bookings.get(id_)

    def enter_event(
        self, order: Order, action: Action, event: Event, changes: dict[str, tuple[Any, Any]]
    ) -> Event:
        """Make one change of the event itself, with its audit entry."""
        self._event = replace(event, sequence=event.sequence + 1)
        self._enter(order, action, None, changes)
        return self._event

    def enter_booking(
        self,
        order: Order,
        action: Action,
        before: Booking | None,
        after: Booking,
        changes: dict[str, tuple[Any, Any]] | None = None,
    ) -> Booking:
        """Make one change of a booking: the event's counters follow, with one audit entry."""
        event = self.existing()
        figures = _figures(after, +1) if before is None else _difference(before, after)
        sold, bookings, waiting, revenue = figures

        self._event = replace(
            event,
            sold=event.sold + sold,
            bookings=event.bookings + bookings,
            waiting=event.waiting + waiting,
            revenue=event.revenue + revenue,
            sequence=event.sequence + 1,
            ever_booked=True,
        )
        self._bookings[after.id] = after
        self.writes.append(BookingWrite(before, after))
        self._enter(order, action, after, changes or {})
        return after

    def _enter(
        self,
        order: Order,
        action: Action,
        booking: Booking | None,
        changes: dict[str, tuple[Any, Any]],
    ) -> None:
        event = self._event
        assert event is not None
        self.entries.append(
            AuditEntry(
                event=event.id,
                sequence=event.sequence,
                action=action,
                booking=booking.id if booking else None,
                customer=booking.customer if booking else None,
                tickets=booking.tickets if booking else None,
                total=booking.total if booking else None,
                sold=event.sold,
                waiting=event.waiting,
                changes=changes,
                actor=order.actor,
                at=self.now,
                request_id=order.request_id,
            )
        )


def _figures(booking: Booking, sign: int) -> tuple[int, int, int, int]:
    """What a booking adds to its event's sold, bookings, waiting and revenue."""
    if booking.status == "confirmed":
        customers = 0 if booking.customer is None else 1
        return (
            sign * booking.tickets,
            sign * customers,
            0,
            sign * (booking.total or 0),
        )
    if booking.status == "waiting":
        return 0, 0, sign, 0
    return 0, 0, 0, 0


def _difference(before: Booking, after: Booking) -> tuple[int, int, int, int]:
    a, b = _figures(before, -1), _figures(after, +1)
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]

"""The working page on which one group of commands is decided."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ticketing.domain.audit import Action, AuditEntry
from ticketing.domain.bookings import Booking, Reason
from ticketing.domain.commands import Order
from ticketing.domain.customers import Customer
from ticketing.domain.errors import EventCancelled, EventNotFound
from ticketing.domain.events import Event
from ticketing.domain.facts import Facts
from ticketing.domain.users import is_user

Changes = dict[str, tuple[Any, Any]]


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
        known = [*facts.bookings.values(), *facts.queue, *facts.active, *facts.large]
        self._bookings = {booking.id: booking for booking in known}
        self._held = {b.customer.key: b.id for b in known if b.customer and b.active}
        self._queue = deque(booking.id for booking in facts.queue)
        self._queue_is_all = facts.queue_is_all
        self._ahead = dict(facts.ahead)
        self._inactive = facts.inactive
        self._left_the_list: list[int] = []

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

    def held_by(self, customer: Customer) -> Booking | None:
        """Find the active booking of a customer that a command named."""
        id_ = self._held.get(customer.key)
        return self._bookings[id_] if id_ else None

    def active(self) -> Iterable[Booking]:
        """List the active bookings that are known, in the order of their sequence."""
        known = sorted(self._bookings.values(), key=lambda booking: booking.sequence)
        return [booking for booking in known if booking.active]

    def head(self) -> Booking | None:
        """Find the first who waits, as far as the list is known."""
        while self._queue:
            booking = self._bookings[self._queue[0]]
            if booking.status == "waiting":
                return booking
            self._queue.popleft()
        return None

    def is_inactive(self, booking: Booking) -> bool:
        """Return whether whoever waits with this booking has been deactivated."""
        return booking.customer is not None and booking.customer.key in self._inactive

    @property
    def list_goes_on(self) -> bool:
        """Whether more wait than are known, though none of the known does any more."""
        return not self._queue_is_all and self.head() is None

    def position(self, booking: Booking) -> int:
        """Tell a waiting booking's place in the list, from 1.

        Either it joined in this group, or the facts say how many were ahead of it.
        """
        left = sum(1 for sequence in self._left_the_list if sequence < booking.sequence)
        return self._ahead[booking.id] - left + 1

    def enter_event(self, order: Order, action: Action, event: Event, changes: Changes) -> Event:
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
        changes: Changes | None = None,
    ) -> Booking:
        """Make one change of a booking: the event's counters follow, with one audit entry."""
        self._count(before, after)
        self._index(before, after)
        self.writes.append(BookingWrite(before, after))
        self._enter(order, action, after, changes or {})
        return after

    def confirmed(self, id_: str, customer: Customer | None, tickets: int) -> Booking:
        """Put together a new booking that is confirmed at today's price; nothing is entered."""
        event = self.existing()
        return Booking(
            id=id_,
            event=event.id,
            customer=customer,
            tickets=tickets,
            status="confirmed",
            sequence=event.sequence + 1,
            total=tickets * event.price,
            created_at=self.now,
        )

    def enter_end(self, order: Order, booking: Booking) -> Booking:
        """Cancel a customer's booking, or take a sale back, with its audit entry."""
        reason = self._reason(order, booking)
        ended = replace(booking, status="cancelled", cancelled_at=self.now, reason=reason)
        changes = {"status": (booking.status, "cancelled")}
        action: Action = "cancelled" if booking.customer else "returned"
        return self.enter_booking(order, action, booking, ended, changes)

    def _reason(self, order: Order, booking: Booking) -> Reason:
        # Of an event that was called off all that is left is owed, also where somebody cancels a
        # booking before the calling-off has come to it.
        if self.existing().status == "cancelled":
            return "called_off"
        # Customers cancel nothing but their own, so whoever else cancels is staff.
        return "customer" if is_user(booking.customer, order.actor) else "staff"

    def _count(self, before: Booking | None, after: Booking) -> None:
        event = self.existing()
        gone, come = _figures(before), _figures(after)
        self._event = replace(
            event,
            sold=event.sold - gone[0] + come[0],
            bookings=event.bookings - gone[1] + come[1],
            waiting=event.waiting - gone[2] + come[2],
            revenue=event.revenue - gone[3] + come[3],
            sequence=event.sequence + 1,
            ever_booked=True,
        )

    def _index(self, before: Booking | None, after: Booking) -> None:
        self._bookings[after.id] = after
        if before and before.customer and self._held.get(before.customer.key) == before.id:
            del self._held[before.customer.key]
        if after.customer and after.active:
            self._held[after.customer.key] = after.id
        if before is None and after.status == "waiting":
            self._ahead[after.id] = self.existing().waiting - 1 + len(self._left_the_list)
            # Behind a part of the list that is not known nobody is served in this commit.
            if self._queue_is_all:
                self._queue.append(after.id)
        if before and before.status == "waiting" and after.status != "waiting":
            self._left_the_list.append(before.sequence)

    def _enter(
        self, order: Order, action: Action, booking: Booking | None, changes: Changes
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


def _figures(booking: Booking | None) -> tuple[int, int, int, int]:
    """What a booking adds to its event's sold, bookings, waiting and revenue."""
    if booking is None or booking.status == "cancelled":
        return 0, 0, 0, 0
    if booking.status == "waiting":
        return 0, 0, 1, 0
    return booking.tickets, 0 if booking.customer is None else 1, 0, booking.total or 0

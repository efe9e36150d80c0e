"""An event while one batch of commands is decided on it, and all that the batch changes.

What the change set keeps together, so that no command can break it: **a change of a booking, the
event's counters, the next sequence number and one audit entry are recorded in one step**
(`record_booking`, and for a booking that goes to another event `record_departure` there and
`record_arrival` here), or, for a change of the event itself, the event, the number and the entry
(`record_event`). Each entry is chained to the one before it, and the event has the chain's head.
After each step the state is one that might have been committed alone: counters equal what is
booked, `writes` so far are legal for the unique indexes one after the other, and `entries` replayed
from the start give the event as it stands. Who holds what, and the waiting list, are kept in step
as well, so a later command of the batch sees what an earlier one did.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from ticketing.domain.audit import Action, AuditEntry
from ticketing.domain.bookings import Booking, Reason
from ticketing.domain.changes.chain import Head, next_head
from ticketing.domain.changes.read_set import ReadSet
from ticketing.domain.errors import AccountDeactivated, EventCancelled, EventNotFound, EventOver
from ticketing.domain.events import Event
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer, CustomerRef, NamedCustomer

Changes = dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class BookingWrite:
    """A booking as one change leaves it, and as it found it (None: the change made it)."""

    before: Booking | None
    after: Booking


class ChangeSet:
    """An event while one batch of commands is decided on it.

    Commands look at it, and change it through the methods that `record` something alone.
    """

    def __init__(
        self,
        event_id: str,
        event: Event | None,
        read_set: ReadSet,
        now: datetime,
        today: date = date.min,
    ) -> None:
        self.event_id = event_id
        # As it stands, tombstones of deleted events included.
        self.event = event
        self.now = now
        self.today = today
        self.taken = read_set.taken
        self.writes: list[BookingWrite] = []
        self.entries: list[AuditEntry] = []
        known = [*read_set.bookings.values(), *read_set.queue, *read_set.active, *read_set.large]
        self._bookings = {booking.id: booking for booking in known}
        self._held = {b.customer.id: b.id for b in known if b.customer and b.active}
        self._customers = dict(read_set.customers)
        self._by_key = dict(read_set.by_key)
        self._accounts = read_set.accounts
        self.new_customers: list[Customer] = []
        self._queue = deque(booking.id for booking in read_set.queue)
        self._queue_is_all = read_set.queue_is_all
        self._ahead = dict(read_set.ahead)
        self._out_of_list: list[int] = []

    def existing_event(self) -> Event:
        """Return the event; raises EventNotFound where there is none."""
        if self.event is None or self.event.status == "deleted":
            raise EventNotFound
        return self.event

    def scheduled_event(self) -> Event:
        """Return the event; raises EventNotFound, EventCancelled."""
        event = self.existing_event()
        if event.status == "cancelled":
            raise EventCancelled
        return event

    def event_for_customers(self) -> Event:
        """Return the event, where customers may still do something themselves.

        Raises EventNotFound, EventCancelled, EventOver.
        """
        event = self.scheduled_event()
        if self.is_over(event):
            raise EventOver
        return event

    @property
    def chain_head(self) -> Head | None:
        """The head of the event's chain, as it stands."""
        return self.event.head if self.event else None

    def is_over(self, event: Event) -> bool:
        """Return whether the event's day is past."""
        return event.day is not None and event.day < self.today

    def booking(self, id_: str) -> Booking | None:
        """Return a booking of this event that a command asked for."""
        return self._bookings.get(id_)

    def customer(self, ref: CustomerRef) -> Customer | None:
        """Return who is referred to, as they are now; None where there is no such customer yet."""
        if isinstance(ref, NamedCustomer):
            return self._by_key.get(self._meant(ref).key)
        return self._customers.get(ref.id, ref)

    def receiver(self, ref: CustomerRef) -> Customer:
        """Return who is to get tickets, who may be new; raises AccountDeactivated."""
        customer = self.customer(ref)
        if customer is None:
            assert isinstance(ref, NamedCustomer)
            return self._meant(ref).as_customer(self.now)
        if not customer.active:
            raise AccountDeactivated
        return customer

    def _meant(self, ref: NamedCustomer) -> NamedCustomer:
        return self._accounts.get(ref.key, ref)

    def held_by(self, customer: Customer) -> Booking | None:
        """Return the active booking of a customer whom a command referred to."""
        id_ = self._held.get(customer.id)
        return self._bookings[id_] if id_ else None

    def acquired_by(self, customer: str) -> int:
        """Count what a customer whom a command counts for has acquired, passed on or not."""
        return sum(b.acquired_by(customer) for b in self._bookings.values() if b.active)

    def active_bookings(self) -> Iterable[Booking]:
        """Return the active bookings that are known, in the order of their sequence."""
        known = sorted(self._bookings.values(), key=lambda booking: booking.sequence)
        return [booking for booking in known if booking.active]

    def next_waiting(self) -> Booking | None:
        """Return the first who waits, as far as the list is known."""
        while self._queue:
            # Whoever was served by this commit may have left for another event by it as well.
            booking = self._bookings.get(self._queue[0])
            if booking is not None and booking.status == "waiting":
                return booking
            self._queue.popleft()
        return None

    def is_inactive(self, booking: Booking) -> bool:
        """Return whether whoever waits with this booking has been deactivated."""
        return booking.customer is not None and not booking.customer.active

    @property
    def queue_goes_on(self) -> bool:
        """Whether more wait than are known, though none of the known does any more."""
        return not self._queue_is_all and self.next_waiting() is None

    def position(self, booking: Booking) -> int:
        """Return a waiting booking's place in the list, from 1.

        Either it joined in this batch, or the read set says how many were ahead of it.
        """
        gone = sum(1 for sequence in self._out_of_list if sequence < booking.sequence)
        return self._ahead[booking.id] - gone + 1

    def record_event(self, caller: Caller, action: Action, event: Event, changes: Changes) -> Event:
        """Record one change of the event itself, with its audit entry."""
        head = self._append(caller, action, None, changes, event, event.sold, event.waiting)
        self.event = replace(event, sequence=head.sequence, updated_at=self.now, head=head)
        return self.event

    def record_booking(
        self,
        caller: Caller,
        action: Action,
        before: Booking | None,
        after: Booking,
        changes: Changes | None = None,
    ) -> Booking:
        """Record one change of a booking: the event's counters follow, with one audit entry."""
        self._count(caller, action, before, after, changes or {})
        self._index(before, after)
        self.writes.append(BookingWrite(before, after))
        return after

    def record_departure(self, caller: Caller, booking: Booking) -> None:
        """Record that a booking leaves for another event: the tickets are free, with one entry.

        The booking itself is written where it arrives, in the same commit.
        """
        self._count(caller, "moved_out", booking, None, {})
        del self._bookings[booking.id]
        if booking.customer and self._held.get(booking.customer.id) == booking.id:
            del self._held[booking.customer.id]

    def record_arrival(self, caller: Caller, before: Booking, after: Booking) -> Booking:
        """Record that a booking of another event is one of this from now on."""
        self._count(caller, "moved_in", None, after, {"event": (before.event, after.event)})
        self._index(None, after)
        self.writes.append(BookingWrite(before, after))
        return after

    def new_booking(
        self, id_: str, customer: Customer | None, tickets: int, *, sold_by: str | None = None
    ) -> Booking:
        """Return a new booking that is confirmed at today's price; nothing is recorded."""
        event = self.existing_event()
        return Booking(
            id=id_,
            event=event.id,
            customer=customer,
            tickets=tickets,
            status="confirmed",
            sequence=event.sequence + 1,
            total=tickets * event.price,
            created_at=self.now,
            sold_by=sold_by,
        )

    def record_end(self, caller: Caller, booking: Booking) -> Booking:
        """Record that a customer's booking is cancelled, or a sale taken back."""
        reason = self._reason(caller, booking)
        ended = replace(
            booking.without_offer(),
            status="cancelled",
            cancelled_at=self.now,
            reason=reason,
            cancelled_by=None if booking.customer else caller.actor,
        )
        changes = {"status": (booking.status, "cancelled"), "reason": (None, reason)}
        action: Action = "cancelled" if booking.customer else "returned"
        return self.record_booking(caller, action, booking, ended, changes)

    def _reason(self, caller: Caller, booking: Booking) -> Reason:
        # Of an event that was called off all that remains is owed, also where somebody cancels a
        # booking before the calling-off has come to it.
        if self.existing_event().status == "cancelled":
            return "called_off"
        # Customers cancel nothing but their own, so whoever else cancels is staff.
        own = booking.customer is not None and booking.customer.id == caller.customer
        return "customer" if own else "staff"

    def _count(
        self,
        caller: Caller,
        action: Action,
        before: Booking | None,
        after: Booking | None,
        changes: Changes,
    ) -> None:
        """Bring the event's counters from one state of a booking to another, with an entry."""
        event = self.existing_event()
        gone, come = _figures(before), _figures(after)
        sold = event.sold - gone[0] + come[0]
        waiting = event.waiting - gone[2] + come[2]
        head = self._append(caller, action, after or before, changes, event, sold, waiting)
        self.event = replace(
            event,
            sold=sold,
            bookings=event.bookings - gone[1] + come[1],
            waiting=waiting,
            revenue=event.revenue - gone[3] + come[3],
            sequence=head.sequence,
            ever_booked=True,
            updated_at=self.now,
            head=head,
        )

    def _index(self, before: Booking | None, after: Booking) -> None:
        self._bookings[after.id] = after
        if before and before.customer and self._held.get(before.customer.id) == before.id:
            del self._held[before.customer.id]
        if after.customer:
            self._introduce(after.customer)
            if after.active:
                self._held[after.customer.id] = after.id
        if before is None and after.status == "waiting":
            self._ahead[after.id] = self.existing_event().waiting - 1 + len(self._out_of_list)
            # Behind a part of the list that is not known nobody is served in this commit.
            if self._queue_is_all:
                self._queue.append(after.id)
        if before and before.status == "waiting" and after.status != "waiting":
            self._out_of_list.append(before.sequence)

    def _introduce(self, customer: Customer) -> None:
        """Record a customer whom nobody has known before, with the first booking that they get."""
        if customer.id in self._customers:
            return
        self._customers[customer.id] = customer
        if customer.key is not None:
            self._by_key[customer.key] = customer
            self.new_customers.append(customer)

    def _append(
        self,
        caller: Caller,
        action: Action,
        booking: Booking | None,
        changes: Changes,
        event: Event,
        sold: int,
        waiting: int,
    ) -> Head:
        """Append the entry of an event's next change; return the head that it makes."""
        entry = AuditEntry(
            event=event.id,
            sequence=event.sequence + 1,
            action=action,
            booking=booking.id if booking else None,
            customer=booking.customer if booking else None,
            tickets=booking.tickets if booking else None,
            total=booking.total if booking else None,
            sold=sold,
            waiting=waiting,
            changes=changes,
            actor=caller.actor,
            at=self.now,
            request_id=caller.request_id,
        )
        head = next_head(event.head, entry)
        self.entries.append(replace(entry, hash=head.hash))
        return head


def _figures(booking: Booking | None) -> tuple[int, int, int, int]:
    """What a booking adds to its event's sold, bookings, waiting and revenue."""
    if booking is None or booking.status == "cancelled":
        return 0, 0, 0, 0
    if booking.status == "waiting":
        return 0, 0, 1, 0
    return booking.tickets, 0 if booking.customer is None else 1, 0, booking.total or 0

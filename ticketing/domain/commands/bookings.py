"""Customers' bookings: booking, waiting, cancelling, keeping fewer tickets or adding some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ticketing.domain.audit import Action
from ticketing.domain.bookings import Booking
from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.changes.read_set import Reads
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.changes.waiting_list import serve
from ticketing.domain.commands.command import Command
from ticketing.domain.commands.sales import require_free
from ticketing.domain.errors import (
    AlreadyBooked,
    AlreadyWaiting,
    BookingNotFound,
    EventOver,
    ExceedsCapacity,
    LimitReached,
    NotActive,
    NotConfirmed,
    NotEnoughTickets,
    NothingToReduce,
    SoldOut,
)
from ticketing.domain.events import Event
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer, CustomerRef


@dataclass(frozen=True, slots=True)
class Book(Command[BookingResult]):
    """Book tickets for a customer.

    `waitlist` says whether they would wait: True also where a smaller booking would go through,
    False never, None only where everybody has to. `most` is what a customer may acquire who asks
    for themselves; None where staff asks.
    """

    booking: str
    customer: CustomerRef
    tickets: int
    waitlist: bool | None = None
    most: int | None = None

    def reads(self) -> Reads:
        """Return the customer, for what they hold already."""
        return Reads(customers=(self.customer,), acquirers=_acquirers(self.customer.id, self.most))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Book tickets, or join the list where nothing is left or anybody waits.

        Raises EventNotFound, EventCancelled, EventOver, AccountDeactivated, AlreadyBooked,
        AlreadyWaiting, LimitReached, ExceedsCapacity, SoldOut, NotEnoughTickets.
        """
        event = event_for(change_set, themselves=self.most is not None)
        customer = change_set.receiver(self.customer)
        require_no_booking(change_set, customer)
        _require_below_limit(change_set, customer, self.most, self.tickets)
        if self.tickets > event.capacity:
            raise ExceedsCapacity(capacity=event.capacity)

        booking = change_set.new_booking(self.booking, customer, self.tickets)
        if event.waiting or event.available == 0:
            if self.waitlist is False:
                raise SoldOut(available=event.available)
            return _join(change_set, caller, booking)
        if event.available < self.tickets:
            if self.waitlist is not True:
                raise NotEnoughTickets(available=event.available)
            return _join(change_set, caller, booking)
        return BookingResult(change_set.record_booking(caller, "booked", None, booking))


@dataclass(frozen=True, slots=True)
class Cancel(Command[BookingResult]):
    """Cancel a customer's booking, confirmed or waiting; with `only_waiting` no confirmed one."""

    booking: str
    holder: str | None = None
    only_waiting: bool = False

    def reads(self) -> Reads:
        """Return the booking."""
        return Reads(bookings=(self.booking,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Cancel a booking, once: the second time changes nothing.

        Raises BookingNotFound, EventOver.
        """
        booking = customers_booking(change_set, self.booking, self.holder)
        stays = self.only_waiting and booking.status != "waiting"
        if stays or not booking.active:
            return BookingResult(booking)
        _require_not_over(change_set, self.holder)
        return _cancel(change_set, caller, booking)


@dataclass(frozen=True, slots=True)
class CancelFor(Command[BookingResult]):
    """Cancel the one booking that a customer has for the event."""

    customer: CustomerRef
    holder: str | None = None

    def reads(self) -> Reads:
        """Return the customer, for what they hold."""
        return Reads(customers=(self.customer,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Cancel what they hold; raises EventNotFound, BookingNotFound where that is nothing.

        Raises EventOver too. The clients of the briefs, whose command this is, know of no end: when
        staff cancels for them the list is served also after the day.
        """
        change_set.existing_event()
        customer = change_set.customer(self.customer)
        booking = change_set.held_by(customer) if customer else None
        if booking is None:
            raise BookingNotFound
        _require_not_over(change_set, self.holder)
        return _cancel(change_set, caller, booking, after_the_day=True)


@dataclass(frozen=True, slots=True)
class Resize(Command[BookingResult]):
    """Keep only so many tickets of a booking, or add to it; `most` is as for `Book`."""

    booking: str
    tickets: int
    holder: str | None = None
    most: int | None = None

    def reads(self) -> Reads:
        """Return the booking, and its place in the list while it waits."""
        return Reads(
            bookings=(self.booking,),
            position_of=(self.booking,),
            acquirers=_acquirers(self.holder, self.most),
        )

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Keep fewer tickets, or take more from what is free, all or nothing.

        A waiter keeps their place with fewer, and can't have more: only a new booking can, at the
        tail. Raises BookingNotFound, EventCancelled, EventOver, NotActive, NothingToReduce,
        NotConfirmed, LimitReached, WaitingListFirst, SoldOut, NotEnoughTickets.
        """
        booking = customers_booking(change_set, self.booking, self.holder)
        event_for(change_set, themselves=self.holder is not None)
        if not booking.active:
            raise NotActive
        if self.tickets == booking.tickets:
            raise NothingToReduce(tickets=booking.tickets)
        if self.tickets > booking.tickets:
            return self._add(change_set, caller, booking)
        return self._reduce(change_set, caller, booking)

    def _reduce(self, change_set: ChangeSet, caller: Caller, booking: Booking) -> BookingResult:
        reduced = booking.reduced_to(self.tickets)
        _record_size(change_set, caller, "reduced", booking, reduced)
        assigned = serve(change_set, caller)
        return _as_it_stands(change_set, reduced.id, assigned)

    def _add(self, change_set: ChangeSet, caller: Caller, booking: Booking) -> BookingResult:
        if booking.status != "confirmed" or booking.customer is None:
            raise NotConfirmed
        event, more = change_set.existing_event(), self.tickets - booking.tickets
        _require_below_limit(change_set, booking.customer, self.most, more)
        require_free(event, more)
        total = (booking.total or 0) + more * event.price
        added = replace(booking, tickets=self.tickets, total=total)
        _record_size(change_set, caller, "added", booking, added)
        return BookingResult(added)


def event_for(change_set: ChangeSet, *, themselves: bool) -> Event:
    """Return the event; customers who ask for themselves are too late once it is over.

    Raises EventNotFound, EventCancelled, EventOver.
    """
    return change_set.event_for_customers() if themselves else change_set.scheduled_event()


def _require_below_limit(
    change_set: ChangeSet, customer: Customer, most: int | None, tickets: int
) -> None:
    """Require that a customer has not acquired too many, what they passed on included."""
    if most is None:
        return
    left = max(0, most - change_set.acquired_by(customer.id))
    if tickets > left:
        raise LimitReached(available=left)


def _require_not_over(change_set: ChangeSet, holder: str | None) -> None:
    """Require, where a customer cancels their own booking, that the event's day is not past."""
    event = change_set.existing_event()
    if holder is not None and event.status == "scheduled" and change_set.is_over(event):
        raise EventOver


def _acquirers(customer: str | None, most: int | None) -> tuple[str, ...]:
    return () if most is None or customer is None else (customer,)


def _record_size(
    change_set: ChangeSet, caller: Caller, action: Action, before: Booking, after: Booking
) -> None:
    changes = {"tickets": (before.tickets, after.tickets), "total": (before.total, after.total)}
    change_set.record_booking(caller, action, before, after, changes)


def _join(change_set: ChangeSet, caller: Caller, booking: Booking) -> BookingResult:
    price = change_set.existing_event().price
    waiting = replace(booking, status="waiting", total=None, price=price)
    change_set.record_booking(caller, "waitlisted", None, waiting)
    return BookingResult(waiting, change_set.position(waiting))


def _cancel(
    change_set: ChangeSet, caller: Caller, booking: Booking, *, after_the_day: bool = False
) -> BookingResult:
    cancelled = change_set.record_end(caller, booking)
    return BookingResult(cancelled, None, serve(change_set, caller, after_the_day=after_the_day))


def _as_it_stands(change_set: ChangeSet, id_: str, assigned: Sequence[Booking]) -> BookingResult:
    booking = change_set.booking(id_)
    assert booking is not None
    position = change_set.position(booking) if booking.status == "waiting" else None
    return BookingResult(booking, position, assigned)


def customers_booking(change_set: ChangeSet, id_: str, holder: str | None) -> Booking:
    """Return the booking that is meant; raises BookingNotFound.

    Somebody else's is as unknown as one that is not there.
    """
    booking = change_set.booking(id_)
    if booking is None or booking.customer is None:
        raise BookingNotFound
    if holder is not None and booking.customer.id != holder:
        raise BookingNotFound
    return booking


def require_no_booking(change_set: ChangeSet, customer: Customer) -> None:
    """Require that a customer holds none for the event; raises AlreadyBooked, AlreadyWaiting."""
    held = change_set.held_by(customer)
    if held is not None:
        raise AlreadyBooked if held.status == "confirmed" else AlreadyWaiting

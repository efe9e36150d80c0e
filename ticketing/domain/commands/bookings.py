"""Customers' bookings: booking, waiting, cancelling, keeping fewer tickets, passing them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ticketing.domain.bookings import Booking
from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.changes.read_set import Reads
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.changes.waiting_list import serve
from ticketing.domain.commands.command import Command
from ticketing.domain.errors import (
    AlreadyBooked,
    AlreadyWaiting,
    BookingNotFound,
    ExceedsCapacity,
    NotActive,
    NotConfirmed,
    NotEnoughTickets,
    NothingToReduce,
    SoldOut,
    TooManyTickets,
)
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer, CustomerRef


@dataclass(frozen=True, slots=True)
class Book(Command[BookingResult]):
    """Book tickets for a customer.

    `waitlist` says whether they would wait: True also where a smaller booking would go through,
    False never, None only where everybody has to.
    """

    booking: str
    customer: CustomerRef
    tickets: int
    waitlist: bool | None = None

    def reads(self) -> Reads:
        """Return the customer, for what they hold already."""
        return Reads(customers=(self.customer,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Book tickets, or join the list where nothing is left or anybody waits.

        Raises EventNotFound, EventCancelled, AccountDeactivated, AlreadyBooked, AlreadyWaiting,
        ExceedsCapacity, SoldOut, NotEnoughTickets.
        """
        event = change_set.scheduled_event()
        customer = change_set.receiver(self.customer)
        _require_no_booking(change_set, customer)
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
        """Cancel a booking, once: the second time changes nothing. Raises BookingNotFound."""
        booking = _customers_booking(change_set, self.booking, self.holder)
        stays = self.only_waiting and booking.status != "waiting"
        if stays or not booking.active:
            return BookingResult(booking)
        return _cancel(change_set, caller, booking)


@dataclass(frozen=True, slots=True)
class CancelFor(Command[BookingResult]):
    """Cancel the one booking that a customer has for the event."""

    customer: CustomerRef

    def reads(self) -> Reads:
        """Return the customer, for what they hold."""
        return Reads(customers=(self.customer,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Cancel what they hold; raises EventNotFound, BookingNotFound where that is nothing."""
        change_set.existing_event()
        customer = change_set.customer(self.customer)
        booking = change_set.held_by(customer) if customer else None
        if booking is None:
            raise BookingNotFound
        return _cancel(change_set, caller, booking)


@dataclass(frozen=True, slots=True)
class Reduce(Command[BookingResult]):
    """Keep only so many tickets of a booking."""

    booking: str
    tickets: int
    holder: str | None = None

    def reads(self) -> Reads:
        """Return the booking, and its place in the list while it waits."""
        return Reads(bookings=(self.booking,), position_of=(self.booking,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Keep fewer tickets, each at the price that was paid; a waiter keeps their place.

        Raises BookingNotFound, EventCancelled, NotActive, NothingToReduce.
        """
        booking = _customers_booking(change_set, self.booking, self.holder)
        change_set.scheduled_event()
        if not booking.active:
            raise NotActive
        if self.tickets >= booking.tickets:
            raise NothingToReduce(tickets=booking.tickets)

        total = booking.total and booking.total // booking.tickets * self.tickets
        reduced = replace(booking, tickets=self.tickets, total=total)
        changes = {"tickets": (booking.tickets, self.tickets), "total": (booking.total, total)}
        change_set.record_booking(caller, "reduced", booking, reduced, changes)
        assigned = serve(change_set, caller)
        return _as_it_stands(change_set, reduced.id, assigned)


@dataclass(frozen=True, slots=True)
class Transfer(Command[BookingResult]):
    """Pass a confirmed booking on to a customer who has none for the event."""

    booking: str
    to: CustomerRef
    holder: str | None = None

    def reads(self) -> Reads:
        """Return the booking, and the receiver for what they hold already."""
        return Reads(bookings=(self.booking,), customers=(self.to,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Pass a confirmed booking on; the event's counters stay.

        Raises BookingNotFound, EventCancelled, NotConfirmed, AccountDeactivated, AlreadyBooked,
        AlreadyWaiting.
        """
        booking = _customers_booking(change_set, self.booking, self.holder)
        change_set.scheduled_event()
        if booking.status != "confirmed":
            raise NotConfirmed
        receiver = change_set.receiver(self.to)
        _require_no_booking(change_set, receiver)

        passed = replace(booking, customer=receiver)
        changes = {"customer": (booking.customer, receiver)}
        change_set.record_booking(caller, "transferred", booking, passed, changes)
        return BookingResult(passed)


def require_at_most(most: int, tickets: int) -> None:
    """Require that nobody books more tickets at once than they may; raises TooManyTickets."""
    if tickets > most:
        raise TooManyTickets(most)


def _join(change_set: ChangeSet, caller: Caller, booking: Booking) -> BookingResult:
    waiting = replace(booking, status="waiting", total=None)
    change_set.record_booking(caller, "waitlisted", None, waiting)
    return BookingResult(waiting, change_set.position(waiting))


def _cancel(change_set: ChangeSet, caller: Caller, booking: Booking) -> BookingResult:
    cancelled = change_set.record_end(caller, booking)
    return BookingResult(cancelled, None, serve(change_set, caller))


def _as_it_stands(change_set: ChangeSet, id_: str, assigned: Sequence[Booking]) -> BookingResult:
    booking = change_set.booking(id_)
    assert booking is not None
    position = change_set.position(booking) if booking.status == "waiting" else None
    return BookingResult(booking, position, assigned)


def _customers_booking(change_set: ChangeSet, id_: str, holder: str | None) -> Booking:
    """Return the booking that is meant; somebody else's is as unknown as one that is not there."""
    booking = change_set.booking(id_)
    if booking is None or booking.customer is None:
        raise BookingNotFound
    if holder is not None and booking.customer.id != holder:
        raise BookingNotFound
    return booking


def _require_no_booking(change_set: ChangeSet, customer: Customer) -> None:
    held = change_set.held_by(customer)
    if held is not None:
        raise AlreadyBooked if held.status == "confirmed" else AlreadyWaiting

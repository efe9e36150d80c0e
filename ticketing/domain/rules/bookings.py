"""The rules for customers: booking, waiting, cancelling, keeping fewer tickets, passing them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Book, Cancel, CancelFor, Order, Reduce, Transfer
from ticketing.domain.customers import Customer
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
)
from ticketing.domain.ledger import Ledger
from ticketing.domain.outcomes import Held
from ticketing.domain.rules.waiting_list import serve


def book(ledger: Ledger, order: Order, command: Book) -> Held:
    """Book tickets, or join the list where nothing is left or anybody waits.

    Raises EventNotFound, EventCancelled, AlreadyBooked, AlreadyWaiting, ExceedsCapacity, SoldOut,
    NotEnoughTickets.
    """
    event = ledger.scheduled()
    _must_hold_nothing(ledger, command.customer)
    if command.tickets > event.capacity:
        raise ExceedsCapacity(capacity=event.capacity)

    booking = ledger.confirmed(command.booking, command.customer, command.tickets)
    if event.waiting or event.available == 0:
        if command.waitlist is False:
            raise SoldOut(available=event.available)
        return _join(ledger, order, booking)
    if event.available < command.tickets:
        if command.waitlist is not True:
            raise NotEnoughTickets(available=event.available)
        return _join(ledger, order, booking)
    return Held(ledger.enter_booking(order, "booked", None, booking))


def cancel(ledger: Ledger, order: Order, command: Cancel) -> Held:
    """Cancel a booking, once: the second time changes nothing. Raises BookingNotFound."""
    booking = _customers_booking(ledger, command)
    stays = command.only_waiting and booking.status != "waiting"
    return Held(booking) if stays or not booking.active else _cancel(ledger, order, booking)


def cancel_for(ledger: Ledger, order: Order, command: CancelFor) -> Held:
    """Cancel a customer's booking; raises EventNotFound, BookingNotFound where there is none."""
    ledger.existing()
    booking = ledger.held_by(command.customer)
    if booking is None:
        raise BookingNotFound
    return _cancel(ledger, order, booking)


def reduce(ledger: Ledger, order: Order, command: Reduce) -> Held:
    """Keep fewer tickets, each at the price that was paid; a waiter keeps their place.

    Raises BookingNotFound, EventCancelled, NotActive, NothingToReduce.
    """
    booking = _customers_booking(ledger, command)
    ledger.scheduled()
    if not booking.active:
        raise NotActive
    if command.tickets >= booking.tickets:
        raise NothingToReduce(nTickets=booking.tickets)

    total = booking.total and booking.total // booking.tickets * command.tickets
    reduced = replace(booking, tickets=command.tickets, total=total)
    changes = {"tickets": (booking.tickets, command.tickets), "total": (booking.total, total)}
    ledger.enter_booking(order, "reduced", booking, reduced, changes)
    assigned = serve(ledger, order)
    return _as_it_stands(ledger, reduced.id, assigned)


def transfer(ledger: Ledger, order: Order, command: Transfer) -> Held:
    """Pass a confirmed booking on; the event's counters stay.

    Raises BookingNotFound, EventCancelled, NotConfirmed, AlreadyBooked, AlreadyWaiting.
    """
    booking = _customers_booking(ledger, command)
    ledger.scheduled()
    if booking.status != "confirmed":
        raise NotConfirmed
    _must_hold_nothing(ledger, command.to)

    passed = replace(booking, customer=command.to)
    changes = {"customer": (booking.customer, command.to)}
    return Held(ledger.enter_booking(order, "transferred", booking, passed, changes))


def _join(ledger: Ledger, order: Order, booking: Booking) -> Held:
    waiting = replace(booking, status="waiting", total=None)
    ledger.enter_booking(order, "waitlisted", None, waiting)
    return Held(waiting, ledger.position(waiting))


def _cancel(ledger: Ledger, order: Order, booking: Booking) -> Held:
    cancelled = ledger.enter_end(order, booking)
    return Held(cancelled, None, serve(ledger, order))


def _as_it_stands(ledger: Ledger, id_: str, assigned: Sequence[Booking]) -> Held:
    booking = ledger.booking(id_)
    assert booking is not None
    position = ledger.position(booking) if booking.status == "waiting" else None
    return Held(booking, position, assigned)


def _customers_booking(ledger: Ledger, command: Cancel | Reduce | Transfer) -> Booking:
    """Find the booking that is meant; somebody else's is as unknown as one that is not there."""
    booking = ledger.booking(command.booking)
    if booking is None or booking.customer is None:
        raise BookingNotFound
    if command.holder is not None and booking.customer.key != command.holder:
        raise BookingNotFound
    return booking


def _must_hold_nothing(ledger: Ledger, customer: Customer) -> None:
    held = ledger.held_by(customer)
    if held is not None:
        raise AlreadyBooked if held.status == "confirmed" else AlreadyWaiting

"""Moving a booking to another event: it leaves the one and arrives at the other, or neither."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ticketing.domain.bookings import Booking
from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.changes.read_set import Reads
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.changes.waiting_list import serve
from ticketing.domain.commands.bookings import customers_booking, require_no_booking
from ticketing.domain.commands.command import Command
from ticketing.domain.commands.sales import require_free
from ticketing.domain.errors import NotConfirmed
from ticketing.domain.identity.caller import Caller


@dataclass(frozen=True, slots=True)
class Leave(Command[BookingResult]):
    """Take a confirmed booking out of its event, to arrive at another in the same commit."""

    booking: str

    def reads(self) -> Reads:
        """Return the booking."""
        return Reads(bookings=(self.booking,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Free the tickets, and give them to the list.

        Raises BookingNotFound, EventCancelled, NotConfirmed.
        """
        booking = customers_booking(change_set, self.booking, None)
        change_set.scheduled_event()
        if booking.status != "confirmed":
            raise NotConfirmed
        change_set.record_departure(caller, booking)
        return BookingResult(booking, None, serve(change_set, caller))


@dataclass(frozen=True, slots=True)
class Arrive(Command[BookingResult]):
    """Take in a booking that leaves another event in the same commit."""

    booking: Booking

    def reads(self) -> Reads:
        """Return its customer, for what they hold already."""
        assert self.booking.customer is not None
        return Reads(customers=(self.booking.customer,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Sell its holder as many tickets of this event, at today's price.

        Raises EventNotFound, EventCancelled, AccountDeactivated, AlreadyBooked, AlreadyWaiting,
        SoldOut, NotEnoughTickets, WaitingListFirst.
        """
        event = change_set.scheduled_event()
        assert self.booking.customer is not None
        customer = change_set.receiver(self.booking.customer)
        require_no_booking(change_set, customer)
        require_free(event, self.booking.tickets)
        arrived = replace(
            self.booking.without_offer(),
            event=event.id,
            customer=customer,
            sequence=event.sequence + 1,
            total=self.booking.tickets * event.price,
            price=None,
            shares=None,
        )
        return BookingResult(change_set.record_arrival(caller, self.booking, arrived))

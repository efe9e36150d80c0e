"""Passing a booking on: by staff at once, by its holder through a code that is good once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ticketing.domain.bookings import Booking, digest_of
from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.changes.read_set import Reads
from ticketing.domain.changes.results import BookingResult, TransferOffer
from ticketing.domain.commands.bookings import customers_booking, event_for, require_no_booking
from ticketing.domain.commands.command import Command
from ticketing.domain.errors import NotAllowed, NotConfirmed, OfferGone
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import CustomerRef


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

        Only staff may: nobody gets what they did not ask for, and nobody learns who else comes.
        Raises BookingNotFound, NotAllowed, EventCancelled, NotConfirmed, AccountDeactivated,
        AlreadyBooked, AlreadyWaiting.
        """
        booking = customers_booking(change_set, self.booking, self.holder)
        if self.holder is not None:
            raise NotAllowed
        change_set.scheduled_event()
        return _pass_on(change_set, caller, booking, self.to)


@dataclass(frozen=True, slots=True)
class Offer(Command[TransferOffer]):
    """Offer a confirmed booking to whoever gives a code until a moment; an earlier one is gone."""

    booking: str
    code: str
    until: datetime
    holder: str | None = None

    def reads(self) -> Reads:
        """Return the booking."""
        return Reads(bookings=(self.booking,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> TransferOffer:
        """Note the code's digest; the booking stays its holder's.

        Raises BookingNotFound, EventCancelled, EventOver, NotConfirmed.
        """
        booking = customers_booking(change_set, self.booking, self.holder)
        event_for(change_set, themselves=self.holder is not None)
        if booking.status != "confirmed":
            raise NotConfirmed
        offered = replace(booking, offer=digest_of(self.code), offer_until=self.until)
        change_set.record_booking(caller, "offered", booking, offered)
        return TransferOffer(offered, self.code, self.until)


@dataclass(frozen=True, slots=True)
class Withdraw(Command[BookingResult]):
    """Take back the offer of a booking."""

    booking: str
    holder: str | None = None

    def reads(self) -> Reads:
        """Return the booking, and its place in the list while it waits."""
        return Reads(bookings=(self.booking,), position_of=(self.booking,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Forget the code; where nothing is offered nothing changes. Raises BookingNotFound."""
        booking = customers_booking(change_set, self.booking, self.holder)
        if booking.offer is None:
            waits = booking.status == "waiting"
            return BookingResult(booking, change_set.position(booking) if waits else None)
        kept = booking.without_offer()
        return BookingResult(change_set.record_booking(caller, "withdrawn", booking, kept))


@dataclass(frozen=True, slots=True)
class Accept(Command[BookingResult]):
    """Take over a booking that is offered, by its code."""

    booking: str
    code: str
    to: CustomerRef

    def reads(self) -> Reads:
        """Return the booking, and the receiver for what they hold already."""
        return Reads(bookings=(self.booking,), customers=(self.to,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Pass the booking on, once.

        Raises OfferGone, EventCancelled, EventOver, AccountDeactivated, AlreadyBooked,
        AlreadyWaiting.
        """
        booking = change_set.booking(self.booking)
        if booking is None or booking.offer != digest_of(self.code):
            raise OfferGone
        if booking.offer_until is None or booking.offer_until <= change_set.now:
            raise OfferGone
        change_set.event_for_customers()
        return _pass_on(change_set, caller, booking, self.to)


def _pass_on(
    change_set: ChangeSet, caller: Caller, booking: Booking, to: CustomerRef
) -> BookingResult:
    if booking.status != "confirmed":
        raise NotConfirmed
    receiver = change_set.receiver(to)
    require_no_booking(change_set, receiver)
    passed = booking.passed_to(receiver)
    changes = {"customer": (booking.customer, receiver)}
    change_set.record_booking(caller, "transferred", booking, passed, changes)
    return BookingResult(passed)

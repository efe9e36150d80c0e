"""The counter: selling to whoever stands there, and taking tickets back."""

from __future__ import annotations

from dataclasses import dataclass

from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.changes.read_set import NOTHING, Reads
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.changes.waiting_list import serve
from ticketing.domain.commands.command import Command
from ticketing.domain.errors import (
    NotEnoughTickets,
    SoldOut,
    TransactionNotFound,
    WaitingListFirst,
)
from ticketing.domain.events import Event
from ticketing.domain.identity.caller import Caller


@dataclass(frozen=True, slots=True)
class Sell(Command[BookingResult]):
    """Sell tickets over the counter: all of them or none, never waiting."""

    booking: str
    tickets: int

    def reads(self) -> Reads:
        """Return nothing: the event's counters are enough."""
        return NOTHING

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Sell all the tickets asked for, or none.

        Raises EventNotFound, EventCancelled, SoldOut, NotEnoughTickets, WaitingListFirst.
        """
        require_free(change_set.scheduled_event(), self.tickets)
        sale = change_set.new_booking(self.booking, None, self.tickets, sold_by=caller.actor)
        return BookingResult(change_set.record_booking(caller, "sold", None, sale))


@dataclass(frozen=True, slots=True)
class Return(Command[BookingResult]):
    """Return the tickets of a box-office sale."""

    booking: str

    def reads(self) -> Reads:
        """Return the sale."""
        return Reads(bookings=(self.booking,))

    def apply(self, change_set: ChangeSet, caller: Caller) -> BookingResult:
        """Return a sale's tickets, once: the second time changes nothing.

        Raises TransactionNotFound.
        """
        sale = change_set.booking(self.booking)
        if sale is None or sale.customer is not None:
            raise TransactionNotFound
        if not sale.active:
            return BookingResult(sale)

        returned = change_set.record_end(caller, sale)
        return BookingResult(returned, None, serve(change_set, caller))


def require_free(event: Event, tickets: int) -> None:
    """Require that so many tickets are free, and for nobody who waits.

    Raises SoldOut, NotEnoughTickets, WaitingListFirst.
    """
    available = event.available
    if available == 0:
        raise SoldOut(available=0)
    if available < tickets:
        raise NotEnoughTickets(available=available)
    if event.waiting:
        raise WaitingListFirst(available=available)

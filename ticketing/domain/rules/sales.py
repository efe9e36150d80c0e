"""The rules of the counter: selling to whoever stands there, and taking tickets back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Order, Return, Sell
from ticketing.domain.errors import (
    NotEnoughTickets,
    SoldOut,
    TransactionNotFound,
    WaitingListFirst,
)
from ticketing.domain.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Freed:
    """A booking that gave tickets back, and the bookings that got them, in order."""

    booking: Booking
    assigned: tuple[Booking, ...] = ()

    @property
    def assigned_count(self) -> int:
        """How many bookings got tickets."""
        return len(self.assigned)


def sell(ledger: Ledger, order: Order, command: Sell) -> Booking:
    """Sell all the tickets asked for, or none.

    Raises EventNotFound, EventCancelled, SoldOut, NotEnoughTickets, WaitingListFirst.
    """
    event = ledger.scheduled()
    if event.available == 0:
        raise SoldOut(available=0)
    if event.available < command.tickets:
        raise NotEnoughTickets(available=event.available)
    if event.waiting:
        raise WaitingListFirst(available=event.available)

    sale = Booking(
        id=command.booking,
        event=event.id,
        customer=None,
        tickets=command.tickets,
        status="confirmed",
        sequence=event.sequence + 1,
        total=command.tickets * event.price,
        created_at=ledger.now,
    )
    return ledger.enter_booking(order, "sold", None, sale)


def give_back(ledger: Ledger, order: Order, command: Return) -> Freed:
    """Take back a sale's tickets, once: the second time changes nothing.

    Raises TransactionNotFound.
    """
    sale = ledger.booking(command.booking)
    if sale is None or sale.customer is not None:
        raise TransactionNotFound
    if not sale.active:
        return Freed(sale)

    returned = replace(sale, status="cancelled")
    return Freed(ledger.enter_booking(order, "returned", sale, returned))

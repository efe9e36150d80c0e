"""The rules of the counter: selling to whoever stands there, and taking tickets back."""

from __future__ import annotations

from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Order, Return, Sell
from ticketing.domain.errors import (
    NotEnoughTickets,
    SoldOut,
    TransactionNotFound,
    WaitingListFirst,
)
from ticketing.domain.ledger import Ledger
from ticketing.domain.outcomes import Held
from ticketing.domain.rules.waiting_list import serve


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

    sale = ledger.confirmed(command.booking, None, command.tickets)
    return ledger.enter_booking(order, "sold", None, sale)


def give_back(ledger: Ledger, order: Order, command: Return) -> Held:
    """Take back a sale's tickets, once: the second time changes nothing.

    Raises TransactionNotFound.
    """
    sale = ledger.booking(command.booking)
    if sale is None or sale.customer is not None:
        raise TransactionNotFound
    if not sale.active:
        return Held(sale)

    returned = ledger.enter_end(order, sale)
    return Held(returned, None, serve(ledger, order))

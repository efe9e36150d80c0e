"""Where it is decided: an event and a list of orders in, everything to be written out.

Start reading here. `decide` is pure: no clock, no database. It is called with what was read in one
MongoDB transaction, and all that it returns is written in the same transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from ticketing.domain.audit import AuditEntry
from ticketing.domain.commands import (
    OFFICE,
    Book,
    CallOff,
    Cancel,
    CancelFor,
    CarryOn,
    Change,
    Create,
    Delete,
    Order,
    Reduce,
    Return,
    Sell,
    Transfer,
)
from ticketing.domain.errors import OfficeError
from ticketing.domain.events import Event
from ticketing.domain.facts import Facts
from ticketing.domain.ledger import BookingWrite, Ledger
from ticketing.domain.outcomes import Outcome
from ticketing.domain.rules import bookings, events, sales, waiting_list


@dataclass(frozen=True, slots=True)
class Decision:
    """What a group comes to: the new state, what to write, and one outcome per order.

    `writes` and `entries` are in the order of the sequence. `leaves_something` tells that there
    was too much for one commit: the next one, for whatever order, goes on with it.
    """

    before: Event | None
    after: Event | None
    writes: Sequence[BookingWrite]
    entries: Sequence[AuditEntry]
    outcomes: Sequence[Outcome]
    leaves_something: bool = False

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.entries)


def decide(
    event_id: str, event: Event | None, facts: Facts, orders: Sequence[Order], now: datetime
) -> Decision:
    """Decide the orders one after the other, each on what those before it left.

    A refused order changes nothing and spoils nothing for its neighbours: its outcome is the error.
    What an earlier commit left over comes first, so that nobody gets in before it.
    """
    ledger = Ledger(event, facts, now)
    if orders:
        _finish_what_was_begun(ledger, orders[0])
    outcomes = [_decide_one(ledger, order, event_id) for order in orders]
    return Decision(
        event, ledger.event, ledger.writes, ledger.entries, outcomes, _leaves_something(ledger)
    )


def _finish_what_was_begun(ledger: Ledger, first: Order) -> None:
    by_the_office = Order(first.command, OFFICE, first.request_id)
    if ledger.event is not None and ledger.event.status == "cancelled":
        events.cancel_all(ledger, by_the_office)
    else:
        waiting_list.serve(ledger, by_the_office)


def _leaves_something(ledger: Ledger) -> bool:
    event = ledger.event
    if event is not None and event.status == "cancelled":
        return event.sold > 0 or event.waiting > 0
    return waiting_list.unserved(ledger)


def _decide_one(ledger: Ledger, order: Order, event_id: str) -> Outcome:
    try:
        return _apply_rule(ledger, order, event_id)
    except OfficeError as refusal:
        return refusal


def _apply_rule(ledger: Ledger, order: Order, event_id: str) -> Outcome:
    match order.command:
        case Sell() as command:
            return sales.sell(ledger, order, command)
        case Book() as command:
            return bookings.book(ledger, order, command)
        case Cancel() as command:
            return bookings.cancel(ledger, order, command)
        case CancelFor() as command:
            return bookings.cancel_for(ledger, order, command)
        case Reduce() as command:
            return bookings.reduce(ledger, order, command)
        case Transfer() as command:
            return bookings.transfer(ledger, order, command)
        case Return() as command:
            return sales.give_back(ledger, order, command)
        case Create() as command:
            return events.create(ledger, order, command, event_id)
        case Change() as command:
            return events.change(ledger, order, command)
        case Delete() as command:
            return events.delete(ledger, order, command)
        case CallOff() as command:
            return events.call_off(ledger, order, command)
        case CarryOn():
            return None
        case _ as forgotten:
            assert_never(forgotten)

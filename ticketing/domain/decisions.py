"""Where it is decided: an event and a list of orders in, everything to be written out.

Start reading here. `decide` is pure: no clock, no database. It is called with what was read in one
MongoDB transaction, and all that it returns is written in the same transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Change, Create, Delete, Order, Return, Sell
from ticketing.domain.errors import OfficeError
from ticketing.domain.events import Event
from ticketing.domain.facts import Facts
from ticketing.domain.ledger import BookingWrite, Ledger
from ticketing.domain.rules import events, sales
from ticketing.domain.rules.sales import Freed

Outcome = Event | Booking | Freed | OfficeError


@dataclass(frozen=True, slots=True)
class Decision:
    """What a group comes to: the new state, what to write, and one outcome per order.

    `writes` and `entries` are in the order of the sequence.
    """

    before: Event | None
    after: Event | None
    writes: Sequence[BookingWrite]
    entries: Sequence[AuditEntry]
    outcomes: Sequence[Outcome]

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.entries)


def decide(
    event_id: str, event: Event | None, facts: Facts, orders: Sequence[Order], now: datetime
) -> Decision:
    """Decide the orders one after the other, each on what those before it left.

    A refused order changes nothing and spoils nothing for its neighbours: its outcome is the error.
    """
    ledger = Ledger(event, facts, now)
    outcomes = [_decide_one(ledger, order, event_id) for order in orders]
    return Decision(event, ledger.event, ledger.writes, ledger.entries, outcomes)


def _decide_one(ledger: Ledger, order: Order, event_id: str) -> Outcome:
    try:
        match order.command:
            case Sell() as command:
                return sales.sell(ledger, order, command)
            case Return() as command:
                return sales.give_back(ledger, order, command)
            case Create() as command:
                return events.create(ledger, order, command, event_id)
            case Change() as command:
                return events.change(ledger, order, command)
            case Delete() as command:
                return events.delete(ledger, order, command)
    except OfficeError as refusal:
        return refusal

"""What the office can be asked to do with one event.

A command names the change and nothing else; who asks, and in which request, is its `Order`. To add
a command:

- a class here, and its name in `Command`: mypy then names the next three places until they know it;
- a rule in `ticketing.domain.rules`, and a line for it in `ticketing.domain.decisions`;
- what it names, and how deep it has to be read for it: a line each in `ticketing.domain.facts`;
- what it comes to in `ticketing.domain.outcomes`, where that is something new;
- where it leaves a new action in the trail, its word in `ticketing.domain.audit`, and what it does
  to a booking in `ticketing.domain.verification`, which shares no code with the rules;
- a route in `ticketing.api.views`, with what it takes and answers in `ticketing.api.schemas`, its
  name in `ticketing.api.operations` and a place in the story of `tests/api/test_story.py`;
- a kind of its own in `tests/domain/test_decision_properties.py` and `tests/domain/simulator.py`.

Where a command has `expected`, these are the event's sequences that the caller would accept, or
None where they named none. Where it has `holder`, it is for the booking of the customer with this
key alone; None stands for anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ticketing.domain.customers import Customer


@dataclass(frozen=True, slots=True)
class Create:
    """Put a new event on the calendar; `price` is in minor units.

    With `replaces` an event that has the same id and was never booked is made anew.
    """

    name: str
    venue: str | None
    day: date | None
    capacity: int
    price: int
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Give some of name, venue, day, capacity and price (minor units) new values."""

    values: Mapping[str, Any]
    expected: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Take an event that was never booked off the calendar."""

    expected: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class CallOff:
    """Call an event off: every booking is cancelled, the list is emptied, the day is free."""

    expected: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class CarryOn:
    """Do what an earlier commit left over because there was too much of it."""


@dataclass(frozen=True, slots=True)
class Sell:
    """Sell tickets over the counter: all of them or none, never waiting."""

    booking: str
    tickets: int


@dataclass(frozen=True, slots=True)
class Return:
    """Take back the tickets of a box-office sale."""

    booking: str


@dataclass(frozen=True, slots=True)
class Book:
    """Book tickets for a customer.

    `waitlist` says whether they would wait: True also where a smaller booking would go through,
    False never, None only where everybody has to.
    """

    booking: str
    customer: Customer
    tickets: int
    waitlist: bool | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel a customer's booking, confirmed or waiting; with `only_waiting` no confirmed one."""

    booking: str
    holder: str | None = None
    only_waiting: bool = False


@dataclass(frozen=True, slots=True)
class CancelFor:
    """Cancel the one booking that a customer has for the event."""

    customer: Customer


@dataclass(frozen=True, slots=True)
class Reduce:
    """Keep only so many tickets of a booking."""

    booking: str
    tickets: int
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Pass a confirmed booking on to a customer who has none for the event."""

    booking: str
    to: Customer
    holder: str | None = None


Command = (
    Create
    | Change
    | Delete
    | CallOff
    | CarryOn
    | Sell
    | Return
    | Book
    | Cancel
    | CancelFor
    | Reduce
    | Transfer
)


# Who does what follows from something else, as the audit trail says.
OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Order:
    """A command, who gave it, and the request that it came with."""

    command: Command
    actor: str
    request_id: str

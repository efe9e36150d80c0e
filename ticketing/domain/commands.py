"""What the office can be asked to do with one event.

A command names the change and nothing else; who asks, and in which request, is its `Order`. To add
a command: a class here, a rule in `ticketing.domain.rules`, and the facts that it needs in
`ticketing.domain.facts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Create:
    """Put a new event on the calendar; `price` is in minor units."""

    name: str
    venue: str | None
    day: date | None
    capacity: int
    price: int


@dataclass(frozen=True, slots=True)
class Change:
    """Give some of name, venue, day, capacity and price (minor units) new values.

    `expected` are the sequences that the caller would accept, or None where they named none.
    """

    values: Mapping[str, Any]
    expected: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Take an event that was never booked off the calendar; `expected` as in `Change`."""

    expected: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Sell:
    """Sell tickets over the counter: all of them or none, never waiting."""

    booking: str
    tickets: int


@dataclass(frozen=True, slots=True)
class Return:
    """Take back the tickets of a box-office sale."""

    booking: str


Command = Create | Change | Delete | Sell | Return


@dataclass(frozen=True, slots=True)
class Order:
    """A command, who gave it, and the request that it came with."""

    command: Command
    actor: str
    request_id: str

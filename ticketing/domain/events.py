"""An event: what tickets are sold for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from ticketing.domain.changes.chain import Head

EventStatus = Literal["scheduled", "cancelled", "deleted"]

MAX_TEXT = 200
MAX_CAPACITY = 1_000_000
MAX_PRICE = 1_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """An event and its figures as they stand after change number `sequence`.

    `day` is None only for an event that was made without one. `price` and `revenue` are whole
    minor units (cents). `sold` counts tickets; `bookings` and `waiting` count customers' bookings,
    confirmed and on the waiting list; box-office sales are in `sold` alone. `ever_booked` stays
    true once anything was sold or anybody waited. A deleted event is kept as a tombstone, so that
    its id is never used again. `owed_total` is what an event had brought when it was called off, in
    minor units, and None for any other. `updated_at` is when change number `sequence` was decided.
    `head` is that of the event's chain, and None before there is one. Its sequence is lower than
    the event's where a version of before has changed something since.
    """

    id: str
    name: str
    venue: str | None
    day: date | None
    capacity: int
    price: int
    status: EventStatus
    sold: int
    bookings: int
    waiting: int
    revenue: int
    sequence: int
    ever_booked: bool
    created_at: datetime
    owed_total: int | None = None
    updated_at: datetime | None = None
    head: Head | None = None

    @property
    def available(self) -> int:
        """The tickets that can be had: those that are not sold, none of an event called off."""
        return self.capacity - self.sold if self.status == "scheduled" else 0

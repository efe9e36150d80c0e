"""A booking: n tickets of one event, for a customer or sold over the counter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ticketing.domain.identity.customers import Customer

BookingStatus = Literal["confirmed", "waiting", "cancelled"]

# Who or what ended a booking. Nothing expires as yet.
Reason = Literal["customer", "staff", "called_off", "expired"]
REASONS: tuple[Reason, ...] = ("customer", "staff", "called_off", "expired")


@dataclass(frozen=True, slots=True)
class Booking:
    """The record of n tickets of one event.

    `customer` is None for a box-office sale (the API's "transaction"). `sequence` is the number of
    the change that made the booking: the waiting list's order. `total` is in minor units, fixed by
    the change that confirmed the booking, and None while it waits. `cancelled_at` and `reason` are
    None unless it is cancelled.
    """

    id: str
    event: str
    customer: Customer | None
    tickets: int
    status: BookingStatus
    sequence: int
    total: int | None
    created_at: datetime
    cancelled_at: datetime | None = None
    reason: Reason | None = None

    @property
    def active(self) -> bool:
        """Whether the booking holds tickets or a place in the list."""
        return self.status != "cancelled"

"""A booking: n tickets of one event, for a customer or sold over the counter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal

from ticketing.domain.identity.customers import Customer

BookingStatus = Literal["confirmed", "waiting", "cancelled"]

# Who or what ended a booking. Nothing expires as yet.
Reason = Literal["customer", "staff", "called_off", "expired"]
REASONS: tuple[Reason, ...] = ("customer", "staff", "called_off", "expired")


@dataclass(frozen=True, slots=True)
class Share:
    """Tickets of a booking that a customer has acquired who does not hold it."""

    customer: str
    tickets: int


@dataclass(frozen=True, slots=True)
class Booking:
    """The record of n tickets of one event.

    `customer` is None for a box-office sale (the API's "transaction"). `sequence` is the number of
    the change that made the booking: the waiting list's order. `total` is in minor units, fixed by
    the change that confirmed the booking, and None while it waits. `cancelled_at` and `reason` are
    None unless it is cancelled. Of a sale, `sold_by` and `cancelled_by` are the actors who sold it
    and ended it, as the audit names them; None of anybody else's booking.

    `price` is what a ticket cost when somebody joined the waiting list; None of who never waited.
    `shares` are tickets that others acquired and passed on: a limit counts them for those. `offer`
    and `offer_until` are set while the holder offers the booking: the digest of a code, by which
    whoever gives it until then gets the booking.
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
    sold_by: str | None = None
    cancelled_by: str | None = None
    price: int | None = None
    shares: tuple[Share, ...] | None = None
    offer: str | None = None
    offer_until: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether the booking holds tickets or a place in the list."""
        return self.status != "cancelled"

    def acquired_by(self, customer: str) -> int:
        """Count the tickets of this booking that a customer has acquired, who may not hold it."""
        passed_on = {share.customer: share.tickets for share in self.shares or ()}
        if self.customer is not None and self.customer.id == customer:
            return self.tickets - sum(passed_on.values()) + passed_on.get(customer, 0)
        return passed_on.get(customer, 0)

    def passed_to(self, customer: Customer) -> Booking:
        """Return the booking held by another customer; its tickets still count for who had them."""
        assert self.customer is not None
        names = [self.customer.id, *(share.customer for share in self.shares or ())]
        shares = tuple(
            Share(name, tickets)
            for name in dict.fromkeys(names)
            if name != customer.id and (tickets := self.acquired_by(name))
        )
        return replace(self, customer=customer, shares=shares or None).without_offer()

    def reduced_to(self, tickets: int) -> Booking:
        """Return the booking with fewer tickets; what its holder acquired goes first.

        Tickets may have been paid at two prices, so what is given back is their average.
        """
        total = self.total and self.total * tickets // self.tickets
        remaining, shares = tickets, []
        for share in self.shares or ():
            kept = min(share.tickets, remaining)
            remaining -= kept
            if kept:
                shares.append(Share(share.customer, kept))
        return replace(self, tickets=tickets, total=total, shares=tuple(shares) or None)

    def without_offer(self) -> Booking:
        """Return the booking, offered to nobody."""
        if self.offer is None and self.offer_until is None:
            return self
        return replace(self, offer=None, offer_until=None)


def digest_of(code: str) -> str:
    """Return what is kept of a code: its SHA-256, from which nobody gets it back."""
    return sha256(code.encode()).hexdigest()

"""Commands that make something new: with an id that nobody else has, within what may be asked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from ticketing.domain.changes.results import BookingResult, TransferOffer
from ticketing.domain.commands.bookings import Book, Resize
from ticketing.domain.commands.command import Command
from ticketing.domain.commands.sales import Sell
from ticketing.domain.commands.transfers import Offer, Transfer
from ticketing.domain.errors import TooManyTickets
from ticketing.domain.identity import names
from ticketing.domain.identity.customers import CustomerRef, NamedCustomer
from ticketing.domain.identity.users import Principal, Role
from ticketing.storage.ids import new_id

# 128 bits: as many guesses as for a key.
_CODE_BYTES = 16


@dataclass(frozen=True, slots=True)
class PurchaseLimit:
    """How many tickets somebody may have; None for as many as there are.

    `per_booking` holds for one booking. `per_customer` is what a customer who asks for themselves
    may acquire for an event in all.
    """

    per_booking: int | None = None
    per_customer: int | None = None

    def require(self, tickets: int) -> None:
        """Require that nobody asks for more tickets at once; raises TooManyTickets."""
        if self.per_booking is not None and tickets > self.per_booking:
            raise TooManyTickets(self.per_booking)


def purchase_limit(who: Principal, most: int) -> PurchaseLimit:
    """Return how many tickets somebody may ask for, where a customer may acquire so many.

    Staff may go beyond the limit; in open mode, where nobody has proven to be staff, a booking may
    not.
    """
    if who.role < Role.STAFF:
        return PurchaseLimit(most, most)
    return PurchaseLimit() if who.proven else PurchaseLimit(most)


def named(text: str) -> NamedCustomer:
    """Return a customer as somebody names them; raises UnusableName."""
    return NamedCustomer(names.canonical_key(text), names.as_shown(text), new_id())


def event_id(chosen: str | None = None) -> str:
    """Return the id of an event to be made: the caller's choice, if they have made one."""
    return chosen or new_id()


def sell(tickets: int) -> Sell:
    """Return the command that sells tickets over the counter."""
    return Sell(new_id(), tickets)


def book(
    customer: CustomerRef,
    tickets: int,
    waitlist: bool | None = None,  # noqa: FBT001
    *,
    limit: PurchaseLimit,
) -> Book:
    """Return the command that books tickets; raises TooManyTickets where the limit is lower."""
    limit.require(tickets)
    return Book(new_id(), customer, tickets, waitlist, limit.per_customer)


def resize(booking: str, tickets: int, holder: str | None, *, limit: PurchaseLimit) -> Resize:
    """Return the command that changes a booking's size; raises TooManyTickets as `book` does."""
    limit.require(tickets)
    return Resize(booking, tickets, holder, limit.per_customer)


def offer(booking: str, holder: str | None, now: datetime, lifetime: timedelta) -> Offer:
    """Return the command that offers a booking, under a code that nobody can guess."""
    return Offer(booking, secrets.token_urlsafe(_CODE_BYTES), now + lifetime, holder)


def pass_on(
    booking: str,
    to: CustomerRef | None,
    holder: str | None,
    now: datetime,
    lifetime: timedelta,
) -> Command[BookingResult | TransferOffer]:
    """Return the command that passes a booking on to who is named, or offers it where nobody is."""
    return Transfer(booking, to, holder) if to else offer(booking, holder, now, lifetime)

"""Commands that make something new: with an id that nobody else has, within what may be asked."""

from __future__ import annotations

from ticketing.domain.commands.bookings import Book, require_at_most
from ticketing.domain.commands.sales import Sell
from ticketing.domain.identity.customers import CustomerRef
from ticketing.storage.ids import new_id


def event_id(chosen: str | None = None) -> str:
    """Return the id of an event to be made: the caller's choice, if they have made one."""
    return chosen or new_id()


def sell(tickets: int) -> Sell:
    """Return the command that sells tickets over the counter."""
    return Sell(new_id(), tickets)


def book(customer: CustomerRef, tickets: int, waitlist: bool | None = None, *, most: int) -> Book:  # noqa: FBT001
    """Return the command that books tickets; raises TooManyTickets where it is over `most`."""
    require_at_most(most, tickets)
    return Book(new_id(), customer, tickets, waitlist)

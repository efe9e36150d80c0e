"""Whom a page is about: the one place of the pages that knows how customers are told apart."""

from __future__ import annotations

from ticketing.api.http.context import app_context
from ticketing.domain.bookings import Booking
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.errors import UnusableName
from ticketing.domain.identity.customers import Customer, NamedCustomer
from ticketing.domain.identity.names import NAME
from ticketing.domain.identity.users import Role
from ticketing.services import commands
from ticketing.services.commands import PurchaseLimit
from ticketing.storage import bookings, customers
from ticketing.storage.customers import NOBODY
from ticketing.web.http.access import has_role, principal


def own_scope() -> str | None:
    """Return whose bookings alone may be seen and changed, by id; None for everybody's."""
    if has_role(Role.STAFF):
        return None
    own = oneself()
    return own.id if own else NOBODY


def oneself() -> Customer | None:
    """Return whoever asks as a customer; None in open mode, where nobody has a name."""
    own = principal().customer
    return own if isinstance(own, Customer) else None


def purchase_limit() -> PurchaseLimit:
    """Return how many tickets whoever asks may ask for."""
    return commands.purchase_limit(principal(), app_context.settings.max_tickets_per_booking)


def is_own(booking: Booking) -> bool:
    """Return whether a booking is of whoever asks."""
    return booking.customer is not None and booking.customer == oneself()


def held_by(event: str, customer: Customer | None) -> BookingResult | None:
    """Return the active booking of a customer for an event, if there is one, with its place."""
    return bookings.held_by(app_context.db, event, customer.id) if customer else None


def receiver(text: str) -> NamedCustomer | None:
    """Return whom staff names, by address, name or id; None where that is nobody."""
    try:
        return commands.named(text)
    except UnusableName:
        return None


def id_of(text: str) -> str | None:
    """Return the id of the customer with this address or id; None for a plain name.

    That may be a part of other names as well, so it means nobody alone.
    """
    named = receiver(text)
    found = customers.find_named(app_context.db, named) if named else None
    if found is None or (found.id != text and (found.key or "").startswith(NAME)):
        return None
    return found.id

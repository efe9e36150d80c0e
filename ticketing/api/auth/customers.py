"""Which customer a request is about: staff names them, everybody else is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ticketing.api.auth.access import is_staff, principal, require_verified
from ticketing.api.http.context import app_context
from ticketing.api.http.problems import BadRequest
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.errors import NotAllowed
from ticketing.domain.identity.customers import Customer, CustomerRef, NamedCustomer
from ticketing.services import commands
from ticketing.services.commands import PurchaseLimit
from ticketing.storage import customers
from ticketing.storage.customers import NOBODY
from ticketing.storage.writes.idempotency import StoredResponse


def resolve_customer(customer: NamedCustomer | None, field: str = "customer") -> CustomerRef:
    """Return who a command is for: the one who is named, else the one who asks.

    Raises BadRequest where that is nobody, NotAllowed where a customer names somebody else. Whom
    staff names is looked up by the commit itself.
    """
    asks = principal()
    if customer is None:
        if asks.customer is None:
            require_verified(asks)
            raise BadRequest("Say which customer this is for.", {field: ["Missing."]})
        require_verified(asks)
        return asks.customer
    return customer if is_staff() else _oneself(customer)


def purchase_limit() -> PurchaseLimit:
    """Return how many tickets the caller may ask for."""
    return commands.purchase_limit(principal(), app_context.settings.max_tickets_per_booking)


def ownership_scope() -> str | None:
    """Return whose bookings alone may be seen and changed, by id; None for everybody's."""
    return None if is_staff() else _own_id()


def list_scope(customer: NamedCustomer | None) -> str | None:
    """Return whose bookings to list, by id: staff may ask for anybody's (None: all).

    Raises NotAllowed where a customer names somebody else.
    """
    if not is_staff():
        return _own_id() if customer is None else _oneself(customer).id
    if customer is None:
        return None
    found = customers.find_named(app_context.db, customer)
    return found.id if found else NOBODY


def _oneself(customer: NamedCustomer) -> Customer:
    """Return the customer who asks; raises NotAllowed where they name anybody else."""
    found = customers.find_named(app_context.db, customer)
    if found is None or found.id != _own_id():
        raise NotAllowed
    return found


def _own_id() -> str:
    own = principal().customer
    return own.id if own is not None and own.id is not None else NOBODY


def redact(
    present: Callable[[BookingResult], StoredResponse],
) -> Callable[[BookingResult], StoredResponse]:
    """Return a presenter that names those who got tickets to staff only: nobody else sees them."""
    return present if is_staff() else partial(_present_without_names, present)


def _present_without_names(
    present: Callable[[BookingResult], StoredResponse], held: BookingResult
) -> StoredResponse:
    assigned = [replace(booking, customer=None) for booking in held.assigned]
    return present(replace(held, assigned=assigned))

"""Which customer a request is about: staff names them, everybody else is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ticketing.api.auth.access import is_staff, principal
from ticketing.api.http.context import app_context
from ticketing.api.http.problems import BadRequest
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.errors import NotAllowed
from ticketing.domain.identity.customers import Customer
from ticketing.services.accounts import users
from ticketing.storage.writes.idempotency import StoredResponse


def resolve_customer(
    named: Customer | None, field: str = "customer", *, receives: bool = False
) -> Customer:
    """Return who a booking is for: the one who is named, else the one who asks.

    Raises BadRequest where that is nobody, NotAllowed where a customer names somebody else, and
    AccountDeactivated where somebody who is to receive tickets can't.
    """
    asks = principal()
    if named is None and asks.customer is not None and asks.proven:
        return asks.customer  # who has signed in is active
    meant = named or asks.customer
    if meant is None:
        raise BadRequest("Say which customer this is for.", {field: ["Missing."]})
    found = _named(meant)
    if receives:
        users.refuse_deactivated(app_context.db, found)
    return found


def ownership_scope() -> str | None:
    """Return whose bookings alone may be seen and changed, by key; None for everybody's."""
    if is_staff():
        return None
    own = principal().customer
    return own.key if own else ""


def redact(
    present: Callable[[BookingResult], StoredResponse],
) -> Callable[[BookingResult], StoredResponse]:
    """Have an answer name those who got tickets to staff only: others get to see no addresses."""
    return present if is_staff() else lambda held: present(_without_names(held))


def _without_names(held: BookingResult) -> BookingResult:
    return replace(held, assigned=[replace(booking, customer=None) for booking in held.assigned])


def list_scope(named: Customer | None) -> Customer | None:
    """Return whose bookings to list: staff may ask for anybody's (None: all), others for theirs.

    Raises NotAllowed where a customer names somebody else.
    """
    if named is not None:
        return _named(named)
    return None if is_staff() else principal().customer


def _named(named: Customer) -> Customer:
    """Find out who is named; raises NotAllowed where a customer names somebody else."""
    found = users.named(app_context.db, named)
    own = principal().customer
    if not is_staff() and (own is None or found.key != own.key):
        raise NotAllowed
    return found

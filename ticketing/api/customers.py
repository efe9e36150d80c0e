"""Which customer a request is about: staff names them, everybody else is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ticketing.api.access import is_staff, principal
from ticketing.api.parts import parts
from ticketing.api.problems import BadRequest
from ticketing.domain.customers import Customer
from ticketing.domain.errors import NotAllowed
from ticketing.domain.keeping import Answer
from ticketing.domain.outcomes import Held
from ticketing.services import users


def booked_for(named: Customer | None, field: str = "customer") -> Customer:
    """Tell who a booking is for: the one who is named, else the one who asks.

    Raises BadRequest where that is nobody, NotAllowed where a customer names somebody else.
    """
    own = principal().customer
    if named is None:
        if own is None:
            raise BadRequest("Say which customer this is for.", {field: ["Missing."]})
        return own
    found = users.named(parts().db, named)
    if not is_staff() and (own is None or found.key != own.key):
        raise NotAllowed
    return found


def only_holder() -> str | None:
    """Tell whose bookings alone may be seen and changed, by key; None for everybody's."""
    if is_staff():
        return None
    own = principal().customer
    return own.key if own else ""


def discreet(shape: Callable[[Held], Answer]) -> Callable[[Held], Answer]:
    """Have an answer name those who got tickets to staff only: others get to see no addresses."""
    return shape if is_staff() else lambda held: shape(_without_names(held))


def _without_names(held: Held) -> Held:
    return replace(held, assigned=[replace(booking, customer=None) for booking in held.assigned])


def whose(named: Customer | None) -> Customer | None:
    """Tell whose bookings to list: customers see their own, whoever they name."""
    found = users.named(parts().db, named) if named else None
    if is_staff():
        return found
    own = principal().customer
    if found is not None and (own is None or found.key != own.key):
        raise NotAllowed
    return own

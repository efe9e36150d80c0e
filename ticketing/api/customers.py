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


def booked_for(
    named: Customer | None, field: str = "customer", *, receives: bool = False
) -> Customer:
    """Tell who a booking is for: the one who is named, else the one who asks.

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
        users.refuse_deactivated(parts().db, found)
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
    """Tell whose bookings to list: staff may ask for anybody's, None being all, others for theirs.

    Raises NotAllowed where a customer names somebody else.
    """
    if named is not None:
        return _named(named)
    return None if is_staff() else principal().customer


def _named(named: Customer) -> Customer:
    """Find out who is named; raises NotAllowed where a customer names somebody else."""
    found = users.named(parts().db, named)
    own = principal().customer
    if not is_staff() and (own is None or found.key != own.key):
        raise NotAllowed
    return found

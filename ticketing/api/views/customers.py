"""Customers, what is kept about them, and their leaving: `/api/v1/customers/{id}`."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.auth.access import is_staff, principal
from ticketing.api.auth.customers import ownership_scope
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import caller
from ticketing.api.http.responses import answer, respond
from ticketing.domain.errors import CustomerNotFound, NotAllowed
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import erasure

blp = Blueprint("customers", __name__, url_prefix="/api/v1/customers", description="Customers")


@blp.reads("/<id>", 404, name="showCustomer", who=Role.CUSTOMER)
@blp.response(200, schemas.CUSTOMER)
def show(id: str) -> Response:
    """Show a customer: staff anybody, everybody else themselves."""
    _require_own(id)
    return respond(answer(200, erasure.get(app_context.db, id), schemas.CUSTOMER))


@blp.reads("/<id>/export", 404, name="exportCustomer", who=Role.CUSTOMER)
@blp.response(200, schemas.CUSTOMER_EXPORT)
def export(id: str) -> Response:
    """Show all that is kept about a customer: staff of anybody, everybody else their own."""
    _require_own(id)
    return respond(answer(200, erasure.export(app_context.db, id), schemas.CUSTOMER_EXPORT))


@blp.writes("POST", "/<id>/erasure", 404, 409, name="eraseCustomer", who=Role.CUSTOMER, keyed=False)
@blp.response(204)
def erase(id: str) -> Response:
    """Forget a customer: their name, address and account are gone, their bookings stay.

    Administrators may, and everybody themselves, once nothing that they hold is ahead.
    """
    _require_own(id)
    own = principal().customer
    themselves = own is not None and own.id == id
    if is_staff() and not themselves and principal().role < Role.ADMIN:
        raise NotAllowed
    now, zone = app_context.clock(), app_context.settings.timezone
    erasure.erase(
        app_context.db,
        app_context.commands,
        id,
        caller(),
        now,
        ahead_from=now.astimezone(zone).date() if themselves else None,
    )
    return Response(status=204)


def _require_own(id: str) -> None:
    """Require that staff asks, or the customer; for others there is no such customer."""
    scope = ownership_scope()
    if scope is not None and scope != id:
        raise CustomerNotFound

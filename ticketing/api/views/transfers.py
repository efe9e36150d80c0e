"""Passing bookings on: `/api/v1/bookings/{id}/transfer` and `/api/v1/transfers`."""

from __future__ import annotations

from datetime import timedelta

from flask import Response

from ticketing.api import schemas
from ticketing.api.auth.customers import ownership_scope, redact, resolve_customer
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import execute_move, execute_on_booking
from ticketing.api.http.responses import answer
from ticketing.api.schemas.transfers import AcceptRequest, MoveRequest, TransferRequest
from ticketing.api.views.bookings import present_changed_booking
from ticketing.domain.bookings import digest_of
from ticketing.domain.changes.results import BookingResult, TransferOffer
from ticketing.domain.commands.transfers import Accept, Withdraw
from ticketing.domain.identity.users import Role
from ticketing.services import commands
from ticketing.storage import bookings
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint("transfers", __name__, url_prefix="/api/v1", description="Passing bookings on")


def present_passed_on(result: BookingResult | TransferOffer) -> StoredResponse:
    """Return the response for a booking that was passed on, or for an offer with its code."""
    if isinstance(result, TransferOffer):
        return answer(201, result, schemas.TRANSFER_OFFER)
    return present_changed_booking(result)


@blp.writes("POST", "/bookings/<id>/transfer", 404, 409, name="transferBooking", who=Role.CUSTOMER)
@blp.arguments(schemas.TRANSFER)
@blp.response(200, schemas.HELD_BOOKING)
@blp.alt_response(201, schema=schemas.TRANSFER_OFFER, success=True)
def create(wanted: TransferRequest, id: str) -> Response:
    """Pass a confirmed booking on, or offer it.

    Staff names who gets it, and it is done. Without `to` the answer is a code (201): until it
    expires, whoever gives it to `POST /transfers` holds the booking, and nobody before.
    """
    now, lifetime = app_context.clock(), timedelta(hours=app_context.settings.transfer_hours)
    # Nobody on the list gets anything by it, so there is no name to leave out.
    command = commands.pass_on(id, wanted.to, ownership_scope(), now, lifetime)
    return execute_on_booking(command, booking=id, present=present_passed_on)


@blp.writes("DELETE", "/bookings/<id>/transfer", 404, name="withdrawTransfer", who=Role.CUSTOMER)
@blp.response(200, schemas.HELD_BOOKING)
def withdraw(id: str) -> Response:
    """Take an offer back: its code is worth nothing from then on."""
    command = Withdraw(id, ownership_scope())
    return execute_on_booking(command, booking=id, present=redact(present_changed_booking))


@blp.writes("POST", "/bookings/<id>/move", 404, 409, name="moveBooking", who=Role.STAFF)
@blp.arguments(schemas.MOVE)
@blp.response(200, schemas.HELD_BOOKING)
def move(wanted: MoveRequest, id: str) -> Response:
    """Take a confirmed booking to another event in one step, if both sides allow it.

    It is paid at that event's price; the tickets that it had come free.
    """
    return execute_move(id, to=wanted.event, present=present_changed_booking)


@blp.writes("POST", "/transfers", 409, 410, name="acceptTransfer", who=Role.CUSTOMER)
@blp.arguments(schemas.ACCEPTANCE)
@blp.response(200, schemas.HELD_BOOKING)
def accept(wanted: AcceptRequest) -> Response:
    """Take over the booking that is offered under a code, once."""
    receiver = resolve_customer(wanted.customer)
    offered = bookings.find_offered(app_context.db, digest_of(wanted.code)) or ""
    command = Accept(offered, wanted.code, receiver)
    return execute_on_booking(command, booking=offered, present=redact(present_changed_booking))

"""Customers' bookings: `/api/v1/events/{id}/bookings` and `/api/v1/bookings`."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.auth.access import is_staff
from ticketing.api.auth.customers import (
    list_scope,
    ownership_scope,
    purchase_limit,
    redact,
    resolve_customer,
)
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import execute, execute_on_booking
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged, paged_by_time
from ticketing.api.http.problems import BadRequest
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.bookings import (
    BookingRequest,
    BookingsRequest,
    SizeRequest,
)
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.errors import NotAllowed
from ticketing.domain.identity.users import Role
from ticketing.services import commands
from ticketing.storage import bookings
from ticketing.storage.documents import Matches
from ticketing.storage.lists import bookings_by_name
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint("bookings", __name__, url_prefix="/api/v1", description="Customers' bookings")


def present_new_booking(held: BookingResult) -> StoredResponse:
    """Return the response for a new booking: confirmed, or on the waiting list."""
    status = 201 if held.booking.status == "confirmed" else 202
    headers = {"Location": f"/api/v1/bookings/{held.booking.id}"}
    return answer(status, held, schemas.BOOKING_RECEIPT, headers)


def present_changed_booking(held: BookingResult) -> StoredResponse:
    """Return the response for a changed booking, with who got freed tickets."""
    return answer(200, held, schemas.HELD_BOOKING)


@blp.writes("POST", "/events/<id>/bookings", 404, 409, name="bookTickets", who=Role.CUSTOMER)
@blp.arguments(schemas.NEW_BOOKING)
@blp.response(201, schemas.BOOKING_RECEIPT, headers=sent("Location"))
@blp.alt_response(202, schema=schemas.BOOKING_RECEIPT, headers=sent("Location"), success=True)
def create(wanted: BookingRequest, id: str) -> Response:
    """Book tickets; 202 with the `position` where the customer has to wait.

    Nobody overtakes those who wait. With `"waitlist": false` nobody is put on the list, with
    `"waitlist": true` also where a smaller booking would go through.
    """
    holder = resolve_customer(wanted.customer)
    command = commands.book(holder, wanted.tickets, wanted.waitlist, limit=purchase_limit())
    return execute(command, on=id, present=present_new_booking)


@blp.reads("/bookings", name="listBookings", who=Role.CUSTOMER)
@blp.arguments(schemas.BOOKING_QUERY, location="query")
@blp.response(200, schemas.BOOKING_PAGE, headers=sent("Link"))
def index(wanted: BookingsRequest) -> Response:
    """List bookings by time, of one event, customer or status where one is named.

    Those of one event are in the order of its sequence. Of one event, staff finds those of
    customers with a part of their `name` in any case and with or without accents; a page of them
    may have fewer items than there is room for, or none, and a `next` all the same.
    """
    if wanted.part is not None:
        _require_a_search_that_ends(wanted)
    filter_ = bookings.Filter(wanted.event, list_scope(wanted.customer), wanted.status)
    page = _page if wanted.event is None else _page_of_event
    return page(filter_, wanted)


@blp.reads("/bookings/<id>", 404, name="showBooking", who=Role.CUSTOMER)
@blp.response(200, schemas.MADE_BOOKING)
def show(id: str) -> Response:
    """Show a booking, with its place in the list while it waits."""
    held = bookings.get_with_position(app_context.db, id, ownership_scope())
    return respond(answer(200, held, schemas.MADE_BOOKING))


@blp.writes("PATCH", "/bookings/<id>", 404, 409, name="changeBooking", who=Role.CUSTOMER)
@blp.arguments(schemas.BOOKING_SIZE)
@blp.response(200, schemas.HELD_BOOKING)
def resize(wanted: SizeRequest, id: str) -> Response:
    """Keep fewer tickets, or add to a confirmed booking; one that waits keeps its place.

    What is added is paid at today's price, all or nothing, and never before those who wait.
    """
    command = commands.resize(id, wanted.tickets, ownership_scope(), limit=purchase_limit())
    return execute_on_booking(command, booking=id, present=redact(present_changed_booking))


@blp.writes("DELETE", "/bookings/<id>", 404, name="cancelBooking", who=Role.CUSTOMER)
@blp.response(200, schemas.HELD_BOOKING)
def cancel(id: str) -> Response:
    """Cancel a booking; the second time changes nothing."""
    command = Cancel(id, ownership_scope())
    return execute_on_booking(command, booking=id, present=redact(present_changed_booking))


def _page(filter_: bookings.Filter, wanted: BookingsRequest) -> Response:
    place = cursors.place_in(wanted.cursor)
    found = bookings.page(app_context.db, filter_, place, wanted.limit + 1)
    return paged_by_time(found, wanted.limit, schemas.BOOKING_PAGE, place, bookings.row_of)


def _page_of_event(filter_: bookings.Filter, wanted: BookingsRequest) -> Response:
    db, after, limit = app_context.db, cursors.sequence_in(wanted.cursor), wanted.limit
    if wanted.part is None:
        seen = Matches(bookings.page_of_event(db, filter_, after, limit + 1))
    else:
        seen = bookings_by_name.page_of_event(db, filter_, wanted.part, after, limit + 1)
    return paged(
        seen.found, limit, schemas.BOOKING_PAGE, lambda each: (each.sequence,), rest=seen.rest
    )


def _require_a_search_that_ends(wanted: BookingsRequest) -> None:
    """Raise NotAllowed where no staff asks, and BadRequest where no event is named."""
    if not is_staff():
        raise NotAllowed
    if wanted.event is None:
        raise BadRequest("A name is looked for in one event.", {"event": ["Missing."]})

"""`/api/v1/events`: the calendar."""

from __future__ import annotations

from typing import Any

from flask import Response

from ticketing.api import schemas
from ticketing.api.auth.access import is_staff
from ticketing.api.auth.customers import list_scope
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.conditions import etag, expected_sequences, if_unknown, public_etag
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import execute
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged
from ticketing.api.http.responses import answer, respond
from ticketing.domain.calendar import parse_day
from ticketing.domain.changes.results import CalledOff, EventResult
from ticketing.domain.commands.events import CallOff, Change, Create, Delete
from ticketing.domain.errors import EventNotFound
from ticketing.domain.events import Event
from ticketing.domain.identity.users import Role
from ticketing.storage import audit, bookings, cancellations, events
from ticketing.storage.ids import new_id
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint("events", __name__, url_prefix="/api/v1/events", description="The calendar")


def present_event(event: Event) -> StoredResponse:
    """Write an event down."""
    return answer(200, event, schemas.EVENT, {"ETag": etag(event.sequence)})


def present_new_event(event: Event) -> StoredResponse:
    """Write a new event down."""
    headers = {"ETag": etag(event.sequence), "Location": f"/api/v1/events/{event.id}"}
    return answer(201, event, schemas.EVENT, headers)


def present_changed_event(outcome: EventResult) -> StoredResponse:
    """Write an event down after a change, with who got tickets where somebody did."""
    if not outcome.assigned:
        return present_event(outcome.event)
    return answer(200, outcome, schemas.CHANGED_EVENT, {"ETag": etag(outcome.event.sequence)})


def present_called_off(outcome: CalledOff) -> StoredResponse:
    """Write down an event that was called off, and who is owed what."""
    return answer(200, outcome, schemas.CALLED_OFF, {"ETag": etag(outcome.event.sequence)})


def present_deleted_event(event: Event) -> StoredResponse:
    """Say that an event is gone."""
    return StoredResponse(204, {}, b"")


@blp.writes("POST", "", 409, who=Role.ADMIN)
@blp.arguments(schemas.NEW_EVENT)
@blp.response(201, schemas.EVENT, headers=sent("ETag", "Location"))
def create(body: dict[str, Any]) -> Response:
    """Put an event on the calendar.

    One event a day: 409 `date_taken`.
    """
    return execute(Create(**body), on=new_id(), present=present_new_event)


@blp.reads("", who=Role.ANYBODY)
@blp.arguments(schemas.EVENT_QUERY, location="query")
@blp.response(200, schemas.EVENT_PAGE, headers=sent("Link"))
def index(query: dict[str, Any]) -> Response:
    """List events by day, those without a day first."""
    limit, after = query["limit"], _place(query["cursor"])
    found = events.page(app_context.db, query["first"], query["last"], after, limit + 1)
    schema = schemas.EVENT_PAGE if is_staff() else schemas.PUBLIC_EVENT_PAGE
    return paged(found, limit, schema, lambda event: (_day(event), event.id))


@blp.reads("/<id>", 404, who=Role.ANYBODY, conditional=True)
@blp.response(200, schemas.EVENT, headers=sent("ETag"))
def show(id: str) -> Response:
    """Show an event."""
    event = events.get(app_context.db, id)
    if is_staff():
        response = respond(present_event(event))
    else:
        tag = public_etag(event.sequence)
        response = respond(answer(200, event, schemas.PUBLIC_EVENT, {"ETag": tag}))
    return if_unknown(response, event.sequence)


@blp.writes("PATCH", "/<id>", 404, 409, who=Role.ADMIN, if_match=True)
@blp.arguments(schemas.EVENT_CHANGE)
@blp.response(200, schemas.CHANGED_EVENT, headers=sent("ETag"))
def change(body: dict[str, Any], id: str) -> Response:
    """Give an event new details.

    A new price touches no ticket that is sold. More capacity serves the waiting list at once.
    """
    command = Change(body, expected_sequences())
    return execute(command, on=id, present=present_changed_event)


@blp.writes("DELETE", "/<id>", 404, 409, who=Role.ADMIN, if_match=True)
@blp.response(204)
def delete(id: str) -> Response:
    """Take an event off the calendar that was never booked."""
    command = Delete(expected_sequences())
    return execute(command, on=id, present=present_deleted_event)


@blp.writes("POST", "/<id>/cancellation", 404, 409, who=Role.ADMIN, if_match=True)
@blp.response(200, schemas.CALLED_OFF, headers=sent("ETag"))
def call_off(id: str) -> Response:
    """Call an event off: every booking is cancelled, the list emptied, the day free.

    `owed` are the first 100 bookings and sales that were confirmed, `owedTotal` counts them all;
    `GET` lists them all, as often as wanted.
    """
    command = CallOff(expected_sequences())
    return execute(command, on=id, present=present_called_off)


@blp.reads("/<id>/cancellation", 404, who=Role.STAFF)
@blp.arguments(schemas.PAGE_QUERY, location="query")
@blp.response(200, schemas.CANCELLATION, headers=sent("Link"))
def cancellation(query: dict[str, Any], id: str) -> Response:
    """List who is owed what for an event that was called off, in the order of booking.

    Everything that was confirmed then is there once, also while it is still being ended.
    """
    limit, after = query["limit"], cursors.sequence_in(query["cursor"])
    found = cancellations.page(app_context.db, id, after, limit + 1)
    return paged(
        found.owed,
        limit,
        schemas.CANCELLATION,
        lambda booking: (booking.sequence,),
        owed_total=found.owed_total,
        finishing=found.finishing,
    )


@blp.reads("/<id>/status", 404, who=Role.ANYBODY)
@blp.response(200, schemas.EVENT_STATUS)
def status(id: str) -> Response:
    """Show an event's figures from one moment."""
    return respond(answer(200, events.get(app_context.db, id), schemas.EVENT_STATUS))


@blp.reads("/<id>/waiting-list", 404, who=Role.STAFF)
@blp.arguments(schemas.PAGE_QUERY, location="query")
@blp.response(200, schemas.WAITING_PAGE, headers=sent("Link"))
def waiting_list(query: dict[str, Any], id: str) -> Response:
    """List who waits, in order."""
    events.get(app_context.db, id)
    limit, after = query["limit"], cursors.sequence_in(query["cursor"])
    found = bookings.waiting_page(app_context.db, id, after, limit + 1)
    return paged(found, limit, schemas.WAITING_PAGE, lambda waiting: (waiting.booking.sequence,))


@blp.reads("/<id>/audit", 404, who=Role.STAFF)
@blp.arguments(schemas.AUDIT_QUERY, location="query")
@blp.response(200, schemas.AUDIT_PAGE, headers=sent("Link"))
def trail(query: dict[str, Any], id: str) -> Response:
    """List an event's changes, of one booking or customer where one is named.

    A customer's are also those by which they passed a booking on.

    The trail of a deleted event stays.
    """
    if not events.has_existed(app_context.db, id):
        raise EventNotFound
    limit, after = query["limit"], cursors.sequence_in(query["cursor"])
    customer = list_scope(query["customer"])
    found = audit.page(app_context.db, id, query["booking"], customer, after, limit + 1)
    return paged(found, limit, schemas.AUDIT_PAGE, lambda entry: (entry.sequence,))


def _place(cursor: str | None) -> events.Place | None:
    if cursor is None:
        return None
    day, id = cursors.decode(cursor, (str, type(None)), str)
    try:
        return (parse_day(day) if day is not None else None), id
    except ValueError:
        raise cursors.broken() from None


def _day(event: Event) -> str | None:
    return event.day.isoformat() if event.day else None

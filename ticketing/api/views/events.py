"""`/api/v1/events`: the calendar."""

from __future__ import annotations

from dataclasses import replace

from flask import Response

from ticketing.api import schemas
from ticketing.api.auth.access import is_staff
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.conditions import etag, expected_sequences, if_unknown, public_etag
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import execute
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.events import EventsRequest
from ticketing.domain.calendar import parse_day
from ticketing.domain.changes.results import EventResult
from ticketing.domain.commands.events import Change, Create, Delete
from ticketing.domain.events import Event
from ticketing.domain.identity.users import Role
from ticketing.services import commands
from ticketing.storage import events
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint("events", __name__, url_prefix="/api/v1/events", description="The calendar")


def present_event(event: Event) -> StoredResponse:
    """Return the response for an event."""
    return answer(200, event, schemas.EVENT, {"ETag": etag(event.sequence)})


def present_new_event(event: Event) -> StoredResponse:
    """Return the response for a new event."""
    headers = {"ETag": etag(event.sequence), "Location": f"/api/v1/events/{event.id}"}
    return answer(201, event, schemas.EVENT, headers)


def present_changed_event(outcome: EventResult) -> StoredResponse:
    """Return the response for a changed event, with who got tickets where somebody did."""
    if not outcome.assigned:
        return present_event(outcome.event)
    return answer(200, outcome, schemas.CHANGED_EVENT, {"ETag": etag(outcome.event.sequence)})


def present_deleted_event(event: Event) -> StoredResponse:
    """Return the response for an event that is gone."""
    return StoredResponse(204, {}, b"")


@blp.writes("POST", "", 409, who=Role.ADMIN)
@blp.arguments(schemas.NEW_EVENT)
@blp.response(201, schemas.EVENT, headers=sent("ETag", "Location"))
def create(command: Create) -> Response:
    """Put an event on the calendar.

    One event a day: 409 `date_taken`.
    """
    return execute(command, on=commands.event_id(), present=present_new_event)


@blp.reads("", who=Role.ANYBODY)
@blp.arguments(schemas.EVENT_QUERY, location="query")
@blp.response(200, schemas.EVENT_PAGE, headers=sent("Link"))
def index(wanted: EventsRequest) -> Response:
    """List events by day, those without a day first."""
    limit, after = wanted.limit, _place(wanted.cursor)
    found = events.page(app_context.db, wanted.first, wanted.last, after, limit + 1)
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
def change(command: Change, id: str) -> Response:
    """Give an event new details.

    A new price touches no ticket that is sold. More capacity serves the waiting list at once.
    """
    command = replace(command, expected=expected_sequences())
    return execute(command, on=id, present=present_changed_event)


@blp.writes("DELETE", "/<id>", 404, 409, who=Role.ADMIN, if_match=True)
@blp.response(204)
def delete(id: str) -> Response:
    """Take an event off the calendar that was never booked."""
    command = Delete(expected_sequences())
    return execute(command, on=id, present=present_deleted_event)


@blp.reads("/<id>/status", 404, who=Role.ANYBODY)
@blp.response(200, schemas.EVENT_STATUS)
def status(id: str) -> Response:
    """Show an event's figures from one moment."""
    return respond(answer(200, events.get(app_context.db, id), schemas.EVENT_STATUS))


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

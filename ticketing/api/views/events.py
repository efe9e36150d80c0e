"""`/api/v1/events`: the calendar."""

from __future__ import annotations

from dataclasses import replace

from flask import Response
from marshmallow import Schema

from ticketing.api import schemas
from ticketing.api.auth.access import is_staff
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.conditions import etag, expected_sequences, if_unknown, public_etag
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import execute
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged, paged_by_time
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.events import EventsRequest
from ticketing.domain.calendar import parse_day
from ticketing.domain.changes.results import EventResult
from ticketing.domain.commands.events import Change, Create, Delete
from ticketing.domain.events import Event
from ticketing.domain.identity.users import Role
from ticketing.domain.places import settled_before
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


@blp.writes("POST", "", 409, name="createEvent", who=Role.ADMIN)
@blp.arguments(schemas.NEW_EVENT)
@blp.response(201, schemas.EVENT, headers=sent("ETag", "Location"))
def create(command: Create) -> Response:
    """Put an event on the calendar.

    One event a day: 409 `date_taken`.
    """
    return execute(command, on=commands.event_id(), present=present_new_event)


@blp.reads("", name="listEvents", who=Role.ANYBODY, coalesced=True)
@blp.arguments(schemas.EVENT_QUERY, location="query")
@blp.response(200, schemas.EVENT_PAGE, headers=sent("Link"))
def index(wanted: EventsRequest) -> Response:
    """List events by day, those without a day first, or in the order in which they were made.

    Of some days, of one status, with a part of their name in any case and with or without accents,
    or those that anything was changed of since a moment: a sale is a change. An event may come
    again that was changed some seconds before it.
    """
    since = wanted.updated_since
    if since is not None:
        # What was decided before that moment may have been committed after it.
        since = settled_before(since, app_context.settings.commit_timeout_s)
    filter_ = events.Filter(wanted.first, wanted.last, wanted.status, since, wanted.part)
    page = _page_by_creation if wanted.order == "created" else _page_by_day
    return page(filter_, wanted, schemas.EVENT_PAGE if is_staff() else schemas.PUBLIC_EVENT_PAGE)


@blp.reads("/<id>", 404, name="showEvent", who=Role.ANYBODY, conditional=True)
@blp.response(200, schemas.EVENT, headers=sent("ETag"))
def show(id: str) -> Response:
    """Show an event."""
    event = app_context.reads.event(id)
    schema, tag = (
        (schemas.EVENT, etag(event.sequence))
        if is_staff()
        else (schemas.PUBLIC_EVENT, public_etag(event.sequence))
    )
    return if_unknown(
        tag, event.sequence, lambda: respond(answer(200, event, schema, {"ETag": tag}))
    )


@blp.writes("PATCH", "/<id>", 404, 409, name="changeEvent", who=Role.ADMIN, if_match=True)
@blp.arguments(schemas.EVENT_CHANGE)
@blp.response(200, schemas.CHANGED_EVENT, headers=sent("ETag"))
def change(command: Change, id: str) -> Response:
    """Give an event new details.

    A new price touches no ticket that is sold. More capacity serves the waiting list at once.
    """
    command = replace(command, expected=expected_sequences())
    return execute(command, on=id, present=present_changed_event)


@blp.writes("DELETE", "/<id>", 404, 409, name="deleteEvent", who=Role.ADMIN, if_match=True)
@blp.response(204)
def delete(id: str) -> Response:
    """Take an event off the calendar that was never booked."""
    command = Delete(expected_sequences())
    return execute(command, on=id, present=present_deleted_event)


@blp.reads("/<id>/status", 404, name="showEventStatus", who=Role.ANYBODY, conditional=True)
@blp.response(200, schemas.EVENT_STATUS, headers=sent("ETag"))
def status(id: str) -> Response:
    """Show an event's figures from one moment."""
    event = app_context.reads.event(id)
    # Everybody is shown the same, so one tag a sequence is enough.
    tag = etag(event.sequence)
    return if_unknown(
        tag,
        event.sequence,
        lambda: respond(answer(200, event, schemas.EVENT_STATUS, {"ETag": tag})),
    )


def _page_by_creation(filter_: events.Filter, wanted: EventsRequest, schema: Schema) -> Response:
    place = cursors.place_in(wanted.cursor)
    seen = events.page_by_creation(app_context.db, filter_, place, wanted.limit + 1)
    return paged_by_time(seen.found, wanted.limit, schema, place, events.row_of, seen.rest)


def _page_by_day(filter_: events.Filter, wanted: EventsRequest, schema: Schema) -> Response:
    seen = events.page_by_day(app_context.db, filter_, _place(wanted.cursor), wanted.limit + 1)
    return paged(
        seen.found, wanted.limit, schema, lambda event: (_day(event), event.id), rest=seen.rest
    )


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

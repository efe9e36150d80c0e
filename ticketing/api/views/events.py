"""`/api/v1/events`: the calendar."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from flask import Response, request, url_for

from ticketing.api import cursors, schemas
from ticketing.api.answers import answer, respond
from ticketing.api.asking import asker, etag, expected_sequences, told
from ticketing.api.blueprints import Blueprint
from ticketing.api.parts import parts
from ticketing.domain.calendar import parse_day
from ticketing.domain.commands import Change, Create, Delete
from ticketing.domain.events import Event
from ticketing.domain.keeping import Answer
from ticketing.storage import events

blp = Blueprint("events", __name__, url_prefix="/api/v1/events", description="The calendar")


def shown(event: Event) -> Answer:
    """Write an event down."""
    return answer(200, event, schemas.EVENT, {"ETag": etag(event.sequence)})


def created(event: Event) -> Answer:
    """Write a new event down."""
    headers = {"ETag": etag(event.sequence), "Location": f"/api/v1/events/{event.id}"}
    return answer(201, event, schemas.EVENT, headers)


def deleted(event: Event) -> Answer:
    """Say that an event is gone."""
    return Answer(204, {}, b"")


@blp.writes("POST", "", 409)
@blp.arguments(schemas.NEW_EVENT)
@blp.response(201, schemas.EVENT)
def create(body: dict[str, Any]) -> Response:
    """Put an event on the calendar.

    One event a day: 409 `date_taken`.
    """
    settled = parts().office.submit(str(ObjectId()), Create(**body), asker(created))
    return told(settled, created)


@blp.reads("")
@blp.arguments(schemas.EVENT_QUERY, location="query")
@blp.response(200, schemas.EVENT_PAGE)
def index(query: dict[str, Any]) -> Response:
    """List events by day, those without a day first."""
    limit = query["limit"]
    found = events.page(
        parts().db, query["first"], query["last"], _place(query["cursor"]), limit + 1
    )
    items, more = found[:limit], len(found) > limit
    cursor = cursors.encode(_day(items[-1]), items[-1].id) if more else None
    response = respond(answer(200, {"items": items, "next": cursor}, schemas.EVENT_PAGE))
    if cursor:
        response.headers["Link"] = _link(cursor)
    return response


@blp.reads("/<id_>", 404)
@blp.response(200, schemas.EVENT)
def show(id_: str) -> Response:
    """Show an event."""
    response = respond(shown(events.get(parts().db, id_)))
    response.make_conditional(request)
    return response


@blp.writes("PATCH", "/<id_>", 404, 409, if_match=True)
@blp.arguments(schemas.EVENT_CHANGE)
@blp.response(200, schemas.EVENT)
def change(body: dict[str, Any], id_: str) -> Response:
    """Give an event new details.

    A new price touches no ticket that is sold. More capacity serves the waiting list at once.
    """
    command = Change(body, expected_sequences())
    return told(parts().office.submit(id_, command, asker(shown)), shown)


@blp.writes("DELETE", "/<id_>", 404, 409, if_match=True)
@blp.response(204)
def delete(id_: str) -> Response:
    """Take an event off the calendar that was never booked."""
    command = Delete(expected_sequences())
    return told(parts().office.submit(id_, command, asker(deleted)), deleted)


def _place(cursor: str | None) -> events.Place | None:
    if cursor is None:
        return None
    day, id_ = cursors.decode(cursor, (str, type(None)), str)
    try:
        return (parse_day(day) if day is not None else None), id_
    except ValueError:
        raise cursors.broken() from None


def _day(event: Event) -> str | None:
    return event.day.isoformat() if event.day else None


def _link(cursor: str) -> str:
    query: dict[str, Any] = {**request.args.to_dict(), "cursor": cursor}
    return f'<{url_for("events.index", **query)}>; rel="next"'

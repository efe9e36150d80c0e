"""`/api/v1/events/{id}/cancellation`: calling an event off, and who is owed what then."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.conditions import etag, expected_sequences
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import execute
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged
from ticketing.api.http.responses import answer
from ticketing.api.schemas.pages import PageRequest
from ticketing.domain.changes.results import CalledOff
from ticketing.domain.commands.events import CallOff
from ticketing.domain.identity.users import Role
from ticketing.storage.lists import cancellations
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint("cancellations", __name__)


def present_called_off(outcome: CalledOff) -> StoredResponse:
    """Return the response for an event that was called off, with who is owed what."""
    return answer(200, outcome, schemas.CALLED_OFF, {"ETag": etag(outcome.event.sequence)})


@blp.writes(
    "POST", "/<id>/cancellation", 404, 409, name="callOffEvent", who=Role.ADMIN, if_match=True
)
@blp.response(200, schemas.CALLED_OFF, headers=sent("ETag"))
def call_off(id: str) -> Response:
    """Call an event off: every booking is cancelled, the list emptied, the day free.

    `owed` are the first 100 bookings and sales that were confirmed, `owedTotal` counts them all;
    `GET` lists them all, as often as wanted.
    """
    command = CallOff(expected_sequences())
    return execute(command, on=id, present=present_called_off)


@blp.reads("/<id>/cancellation", 404, name="listOwed", who=Role.STAFF)
@blp.arguments(schemas.PAGE_QUERY, location="query")
@blp.response(200, schemas.CANCELLATION, headers=sent("Link"))
def show(page: PageRequest, id: str) -> Response:
    """List who is owed what for an event that was called off, in the order of booking.

    Everything that was confirmed then is there once, also while it is still being ended.
    """
    limit, after = page.limit, cursors.sequence_in(page.cursor)
    found = cancellations.page(app_context.db, id, after, limit + 1)
    return paged(
        found.owed,
        limit,
        schemas.CANCELLATION,
        lambda booking: (booking.sequence,),
        owed_total=found.owed_total,
        finishing=found.finishing,
    )

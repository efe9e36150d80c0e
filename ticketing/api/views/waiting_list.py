"""`/api/v1/events/{id}/waiting-list`: who waits, in order."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged
from ticketing.api.schemas.pages import PageRequest
from ticketing.domain.identity.users import Role
from ticketing.storage import bookings, events

blp = Blueprint("waiting_list", __name__)


@blp.reads("/<id>/waiting-list", 404, name="listWaiting", who=Role.STAFF, coalesced=True)
@blp.arguments(schemas.PAGE_QUERY, location="query")
@blp.response(200, schemas.WAITING_PAGE, headers=sent("Link"))
def index(page: PageRequest, id: str) -> Response:
    """List who waits, in order."""
    events.get(app_context.db, id)
    limit, after = page.limit, cursors.sequence_in(page.cursor)
    found = bookings.waiting_page(app_context.db, id, after, limit + 1)
    return paged(found, limit, schemas.WAITING_PAGE, lambda waiting: (waiting.booking.sequence,))

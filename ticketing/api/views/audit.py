"""`/api/v1/events/{id}/audit`: every accepted change."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.auth.customers import list_scope
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged
from ticketing.api.schemas.audit import AuditRequest
from ticketing.domain.errors import EventNotFound
from ticketing.domain.identity.users import Role
from ticketing.storage import audit, events

blp = Blueprint("audit", __name__)


@blp.reads("/<id>/audit", 404, name="listAudit", who=Role.STAFF, coalesced=True)
@blp.arguments(schemas.AUDIT_QUERY, location="query")
@blp.response(200, schemas.AUDIT_PAGE, headers=sent("Link"))
def index(wanted: AuditRequest, id: str) -> Response:
    """List an event's changes, of one booking or customer where one is named.

    A customer's are also those by which they passed a booking on.

    The audit of a deleted event stays.
    """
    if not events.has_existed(app_context.db, id):
        raise EventNotFound
    limit, after = wanted.limit, cursors.sequence_in(wanted.cursor)
    customer = list_scope(wanted.customer)
    found = audit.page(app_context.db, id, wanted.booking, customer, after, limit + 1)
    return paged(found, limit, schemas.AUDIT_PAGE, lambda entry: (entry.sequence,))

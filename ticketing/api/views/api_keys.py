"""`/api/v1/api-keys`: keys for a till, a door or a shop's back end."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import caller
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged_by_time
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.accounts.api_keys import NewApiKey
from ticketing.api.schemas.pages import PageRequest
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import api_keys as keys
from ticketing.storage.accounts import api_keys

blp = Blueprint("api-keys", __name__, url_prefix="/api/v1/api-keys", description="Keys of programs")


@blp.writes("POST", "", 409, name="createApiKey", who=Role.ADMIN, keyed=False)
@blp.arguments(schemas.NEW_API_KEY)
@blp.response(201, schemas.MADE_API_KEY)
def create(body: NewApiKey) -> Response:
    """Make a key; `key` is shown here and never again."""
    key = keys.make(app_context.db, body.name, body.role, caller(), app_context.clock())
    return respond(answer(201, key, schemas.MADE_API_KEY))


@blp.reads("", name="listApiKeys", who=Role.ADMIN)
@blp.arguments(schemas.PAGE_QUERY, location="query")
@blp.response(200, schemas.API_KEY_PAGE, headers=sent("Link"))
def index(page: PageRequest) -> Response:
    """List keys in the order in which they were made, the revoked among them."""
    after = cursors.place_in(page.cursor)
    found = api_keys.page(app_context.db, after, page.limit + 1)
    return paged_by_time(found, page.limit, schemas.API_KEY_PAGE, after, api_keys.row_of)


@blp.writes("DELETE", "/<id>", 404, name="revokeApiKey", who=Role.ADMIN, keyed=False)
@blp.response(204)
def revoke(id: str) -> Response:
    """Revoke a key: it lets nobody in from now on."""
    api_keys.revoke(app_context.db, id, caller().actor, app_context.clock())
    return Response(status=204)

"""`/api/v1/users` and `/api/v1/tokens`: who can sign in, and signing in and out."""

from __future__ import annotations

from typing import Any

from flask import Response

from ticketing.api import schemas
from ticketing.api.auth.access import principal, shown
from ticketing.api.auth.addresses import source
from ticketing.api.http import cursors
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import caller
from ticketing.api.http.headers import sent
from ticketing.api.http.pagination import paged
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.pages import PageRequest
from ticketing.domain.errors import UserNotFound
from ticketing.domain.identity.users import Role, User, role_of
from ticketing.services.accounts import users as people
from ticketing.services.accounts.tokens import Claims
from ticketing.storage.accounts import users

blp = Blueprint("users", __name__, url_prefix="/api/v1", description="Who can sign in")


@blp.writes("POST", "/users", 409, who=Role.ANYBODY, rate="registration", keyed=False)
@blp.arguments(schemas.NEW_USER)
@blp.response(201, schemas.USER)
def register(body: dict[str, Any]) -> Response:
    """Register as a customer."""
    user = people.register(app_context.db, app_context.passwords, **body, now=app_context.clock())
    return respond(answer(201, user, schemas.USER))


@blp.reads("/users", who=Role.ADMIN)
@blp.arguments(schemas.PAGE_QUERY, location="query")
@blp.response(200, schemas.USER_PAGE, headers=sent("Link"))
def index(page: PageRequest) -> Response:
    """List users."""
    limit, after = page.limit, cursors.id_in(page.cursor)
    found = users.page(app_context.db, after, limit + 1)
    return paged(found, limit, schemas.USER_PAGE, lambda user: (user.id,))


@blp.writes("PATCH", "/users/<id>", 404, 409, who=Role.ADMIN, keyed=False)
@blp.arguments(schemas.USER_CHANGE)
@blp.response(200, schemas.USER)
def change(body: dict[str, Any], id: str) -> Response:
    """Change a user's role or activity, or set a new password.

    Whoever is deactivated leaves the waiting lists for good.
    """
    values = {**body, "role": role_of(body["role"])} if "role" in body else body
    user = people.change(
        app_context.db, app_context.commands, app_context.passwords, id, values, caller()
    )
    return respond(answer(200, user, schemas.USER))


@blp.reads("/users/me", 404, who=Role.CUSTOMER)
@blp.response(200, schemas.USER)
def show_me() -> Response:
    """Show who has signed in."""
    user = users.find(app_context.db, principal().id)
    if user is None:
        raise UserNotFound
    return respond(answer(200, user, schemas.USER))


@blp.writes("PATCH", "/users/me", 404, who=Role.CUSTOMER, keyed=False)
@blp.arguments(schemas.OWN_PASSWORD)
@blp.response(200, schemas.USER)
def change_me(body: dict[str, Any]) -> Response:
    """Change one's own password; every token becomes worthless."""
    user = app_context.sign_in.change_password(source(), principal().id, **body)
    return respond(answer(200, user, schemas.USER))


@blp.writes("POST", "/tokens", who=Role.ANYBODY, rate="tokens", keyed=False)
@blp.response(201, schemas.TOKEN)
def sign_in() -> Response:
    """Exchange an e-mail address and a password (Basic) for a token (Bearer)."""
    token = app_context.tokens.issue(shown(User), app_context.clock())
    body = {"token": token, "token_type": "Bearer", "expires_in": app_context.tokens.lifetime_s}
    return respond(answer(201, body, schemas.TOKEN))


@blp.writes("DELETE", "/tokens/current", who=Role.CUSTOMER, keyed=False)
@blp.response(204)
def sign_out() -> Response:
    """Make the token that is shown worthless."""
    claims = shown(Claims)
    users.sign_out(
        app_context.db, claims.user, claims.token, claims.expires_at, app_context.clock()
    )
    return Response(status=204)

"""`/api/v1/users/…/second-factor`: an administrator's second factor, and taking it away."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.auth.access import principal
from ticketing.api.auth.addresses import source
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import caller
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.accounts.second_factor import Enrolment
from ticketing.domain.identity.users import Role
from ticketing.services.signing_in import second_factor

blp = Blueprint("second_factor", __name__, url_prefix="/api/v1", description="More than a password")


@blp.writes(
    "POST",
    "/users/me/second-factor",
    404,
    name="proposeSecondFactor",
    who=Role.ADMIN,
    keyed=False,
    enrolling=True,
)
@blp.arguments(schemas.ENROLMENT)
@blp.response(201, schemas.PROPOSAL)
def propose(body: Enrolment) -> Response:
    """Make a secret for an authenticator, shown this once; it counts once it is confirmed.

    Who has a second factor shows a code of it as well, or a recovery code.
    """
    proposal = app_context.second_factors.propose(
        source(), principal().id, body.current_password, body.code, app_context.clock()
    )
    return respond(answer(201, proposal, schemas.PROPOSAL))


@blp.writes(
    "POST",
    "/users/me/second-factor/confirmation",
    409,
    name="confirmSecondFactor",
    who=Role.ADMIN,
    keyed=False,
    enrolling=True,
)
@blp.arguments(schemas.FIRST_CODE)
@blp.response(200, schemas.RECOVERY_CODES)
def confirm(code: str) -> Response:
    """Confirm the second factor that was proposed last, by its first code.

    Every token becomes worthless: sign in again with a code. The recovery codes are shown this
    once.
    """
    codes = app_context.second_factors.confirm(
        source(), principal().id, code, caller(), app_context.clock()
    )
    return respond(answer(200, {"codes": codes}, schemas.RECOVERY_CODES))


@blp.writes(
    "DELETE",
    "/users/<id>/second-factor",
    404,
    409,
    name="resetSecondFactor",
    who=Role.ADMIN,
    keyed=False,
)
@blp.response(204)
def reset(id: str) -> Response:
    """Take somebody else's second factor away, who has lost it; every token becomes worthless."""
    second_factor.reset(app_context.db, id, caller(), app_context.clock())
    return Response(status=204)

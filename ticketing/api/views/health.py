"""`/livez` and `/readyz`: whether the process lives, and whether it can serve."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.headers import sent
from ticketing.api.http.problems import RETRY_AFTER_S
from ticketing.api.http.responses import answer, respond
from ticketing.domain.identity.users import Role
from ticketing.storage.driver import readiness
from ticketing.storage.driver.readiness import Readiness
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint("health", __name__, description="Whether the service lives and can serve")


def present_readiness(state: Readiness) -> StoredResponse:
    """Return the response that a load balancer goes by."""
    if state.ready:
        return answer(200, state, schemas.READINESS)
    return answer(503, state, schemas.READINESS, {"Retry-After": str(RETRY_AFTER_S)})


@blp.reads("/livez", name="showLiveness", who=Role.ANYBODY, rate=None)
@blp.response(200, schemas.HEALTH)
def livez() -> Response:
    """Say that the process lives; never asks MongoDB."""
    return respond(answer(200, {"status": "ok"}, schemas.HEALTH))


@blp.reads("/readyz", name="showReadiness", who=Role.ANYBODY, rate=None)
@blp.response(200, schemas.READINESS)
@blp.alt_response(503, schema=schemas.READINESS, headers=sent("Retry-After"))
def readyz() -> Response:
    """Say whether requests can be served: a primary answers and no migration is pending."""
    state = readiness.check(app_context.client, app_context.db)
    return respond(present_readiness(state))

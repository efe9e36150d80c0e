"""`/api/v1/statistics`: the figures."""

from __future__ import annotations

from flask import Response

from ticketing.api import schemas
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.responses import answer, respond
from ticketing.api.schemas.statistics import StatisticsRequest
from ticketing.domain.identity.users import Role
from ticketing.services import statistics

blp = Blueprint(
    "statistics", __name__, url_prefix="/api/v1/statistics", description="The figures of the months"
)


@blp.reads("/monthly", name="listMonths", who=Role.STAFF, coalesced=True)
@blp.arguments(schemas.STATISTICS_QUERY, location="query")
@blp.response(200, schemas.MONTHS)
def monthly(wanted: StatisticsRequest) -> Response:
    """Tell each month's figures, newest first, months without events as zeros.

    A ticket counts in the month of its event. The current month counts events up to today; with
    `window=complete` the first row is the last month that is over.
    """
    today = app_context.clock().astimezone(app_context.settings.timezone).date()
    months = statistics.monthly(
        app_context.db, today, months=wanted.months, complete=wanted.window == "complete"
    )
    return respond(answer(200, months, schemas.MONTHS))

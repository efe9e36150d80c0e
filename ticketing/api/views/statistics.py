"""`/api/v1/statistics`: the figures."""

from __future__ import annotations

from typing import Any

from flask import Response

from ticketing.api import schemas
from ticketing.api.answers import answer, respond
from ticketing.api.blueprints import Blueprint
from ticketing.api.parts import parts
from ticketing.domain.users import Role
from ticketing.services import statistics

blp = Blueprint(
    "statistics", __name__, url_prefix="/api/v1/statistics", description="The figures of the months"
)


@blp.reads("/monthly", who=Role.STAFF)
@blp.arguments(schemas.STATISTICS_QUERY, location="query")
@blp.response(200, schemas.MONTHS)
def monthly(query: dict[str, Any]) -> Response:
    """Tell each month's figures, newest first, months without events as zeros.

    A ticket counts in the month of its event. The current month counts events up to today; with
    `window=complete` the first row is the last month that is over.
    """
    today = parts().clock().astimezone(parts().settings.timezone).date()
    months = statistics.monthly(
        parts().db, today, months=query["months"], complete=query["window"] == "complete"
    )
    return respond(answer(200, months, schemas.MONTHS))

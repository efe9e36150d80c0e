"""`/metrics`: what Prometheus asks for."""

from __future__ import annotations

from flask import Response

from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.domain.identity.users import Role
from ticketing.metrics import CONTENT_TYPE
from ticketing.storage import events
from ticketing.storage.background import verification_runs

blp = Blueprint("metrics", __name__, description="What Prometheus asks for")

_TEXT = {"type": "string"}


@blp.reads("/metrics", name="showMetrics", who=Role.STAFF, scraped=True)
@blp.response(200, _TEXT, content_type=CONTENT_TYPE)
def metrics() -> Response:
    """Tell what all workers of this server have counted, in Prometheus' text format.

    For staff, and for whoever shows `TICKETING_METRICS_KEY` as a bearer token.
    """
    try:
        known = _known_now()
    except DatabaseUnavailable:
        known = {}  # what was counted is told all the same
    return Response(app_context.metrics.exposition(known), content_type=CONTENT_TYPE)


def _known_now() -> dict[str, float]:
    """Look up what is not counted but in the database."""
    awaited, waiting = events.count_waiting(app_context.db)
    known: dict[str, float] = {
        "ticketing_awaited_events": awaited,
        "ticketing_waiting_bookings": waiting,
    }
    last = None
    if app_context.settings.verify_at is not None:
        last = verification_runs.find_last(app_context.db)
    if last is not None and last.ended_at is not None:
        known["ticketing_verification_timestamp_seconds"] = last.ended_at.timestamp()
        known["ticketing_verification_differences"] = last.differences
    return known

"""The calendar, for staff: what is next, what is sold, which days are free."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from ticketing.api.http.context import app_context
from ticketing.domain.calendar import last_day_of
from ticketing.domain.identity.users import Role
from ticketing.storage import bookings, events
from ticketing.web.downloads import download
from ticketing.web.http.access import shows
from ticketing.web.notices import said
from ticketing.web.presenters.standing import standing_of
from ticketing.web.presenters.tables import amount
from ticketing.web.views.public import (
    MOST_LISTED,
    day_or,
    month_named,
    months_from,
    this_day,
)

blp = Blueprint("calendar", __name__, url_prefix="/office")

# A table that is taken away may be longer than a page.
MOST_IN_CSV = 5_000


@shows(blp, "", who=Role.STAFF)
def index() -> Response:
    """Show today, what is coming, and the free days; or a month that is over."""
    today = this_day()
    month = request.args.get("month")
    first = month_named(month) if month is not None else today
    last = last_day_of(first) if month is not None else None
    since = max(day_or(request.args.get("from"), first), first)
    found = events.page(app_context.db, since, last, None, MOST_LISTED + 1)
    further = found[MOST_LISTED].day if len(found) > MOST_LISTED else None
    found = found[:MOST_LISTED]
    undated = events.undated(app_context.db, MOST_LISTED) if month is None else []
    minis = months_from(today)
    tonight = [event for event in found if event.day == today and event.status == "scheduled"]
    others = [event for event in found if event not in tonight]
    return make_response(
        render_template(
            "office/calendar.html",
            today=today,
            month=first if month is not None else None,
            tonight=[(e, bookings.ticket_counts(app_context.db, e.id)) for e in tonight],
            found=[*others, *undated],
            standing={e.id: standing_of(e, today) for e in [*found, *undated]},
            further=further,
            minis=minis,
            mini_standing={e.id: standing_of(e, today) for m in minis for e in m.events},
            notices=said(),
        )
    )


@shows(blp, "/calendar.csv", who=Role.STAFF)
def table() -> Response:
    """Send all events as a table, the figures with them."""
    today = this_day()
    found = events.page(app_context.db, None, None, None, MOST_IN_CSV)
    head = ["day", "event", "venue", "capacity", "sold", "waiting", "state", "price", "revenue"]
    rows = [
        [
            event.day.isoformat() if event.day else None,
            event.name,
            event.venue,
            event.capacity,
            event.sold,
            event.waiting,
            standing_of(event, today).words,
            amount(event.price),
            amount(event.revenue),
        ]
        for event in found
    ]
    return download("calendar.csv", head, rows)

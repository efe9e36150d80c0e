"""The public pages: what is on, the month at a glance, an event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dateutil.relativedelta import relativedelta
from flask import Blueprint, Response, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import NotFound

from ticketing.api.http.context import app_context
from ticketing.domain.calendar import last_day_of, parse_day
from ticketing.domain.events import Event
from ticketing.storage import events
from ticketing.web import customers
from ticketing.web.http.access import shows
from ticketing.web.http.errors import wants_page
from ticketing.web.http.live import if_changed, tag_of, tagged
from ticketing.web.presenters.months import Month, month_of
from ticketing.web.presenters.offer import offer_of
from ticketing.web.presenters.standing import standing_of
from ticketing.web.presenters.words import Words
from ticketing.web.writes import Done, new_key

blp = Blueprint("public", __name__)

# More than two months have days, and so more than take place in them.
_MOST_IN_TABLE = 100
# As many events as a page of the list holds; beyond it there is a way on.
MOST_LISTED = 60

ENTRY_POINTS = {
    "api": "/api/v1",
    "events": "/api/v1/events",
    "docs": "/docs/",
    "openapi": "/openapi.json",
    "live": "/livez",
    "ready": "/readyz",
}


@shows(blp, "/", public=True)
def index() -> Response:
    """Show what is on; a program gets the list of entry points."""
    if not wants_page():
        response = jsonify(
            {name: request.script_root + path for name, path in ENTRY_POINTS.items()}
        )
        response.vary.add("Accept")
        response.headers["Cache-Control"] = "no-cache"
        return response
    today = this_day()
    first = max(day_or(request.args.get("from"), today), today)
    found = events.page(app_context.db, first, None, None, MOST_LISTED + 1)
    listed, minis = found[:MOST_LISTED], months_from(first, since=first)
    shown = [*listed, *(event for month in minis for event in month.events)]
    page = render_template(
        "public/whats_on.html",
        today=today,
        months=_by_month(listed),
        minis=minis,
        standing={event.id: standing_of(event, today) for event in shown},
        further=found[MOST_LISTED].day if len(found) > MOST_LISTED else None,
    )
    response = make_response(page)
    response.vary.add("Accept")
    return response


@shows(blp, "/month/<name>", public=True)
def month(name: str) -> Response:
    """Show a month as a table."""
    first = month_named(name)
    last = last_day_of(first)
    found = [*_within(first, last, "cancelled"), *scheduled_within(first, last)]
    today = this_day()
    return make_response(
        render_template(
            "public/month.html",
            today=today,
            month=month_of(first, found),
            standing={event.id: standing_of(event, today) for event in found},
        )
    )


@shows(blp, "/events/<id>", public=True)
def event(id: str) -> Response:
    """Show an event, with what is left of it."""
    return event_page(app_context.reads.event(id))


def event_page(
    event: Event,
    *,
    wanted: int | None = None,
    named: str = "",
    fault: tuple[str, str] | None = None,
    refusal: Done | None = None,
    status: int = 200,
) -> Response:
    """Draw an event with its form, and what stands against a form that was sent."""
    own = customers.oneself() if g.principal else None
    today = this_day()
    standing = standing_of(event, today)
    tag = tag_of(event.id, event.sequence, wanted, day=today)
    unchanged = if_changed(tag) if status == 200 else None
    if unchanged is not None:
        return unchanged
    page = render_template(
        "public/event.html",
        event=event,
        today=today,
        standing=standing,
        offer=offer_of(event, standing, wanted, app_context.settings.max_tickets_per_booking),
        held=customers.held_by(event.id, own),
        own=own,
        named=named,
        fault=fault,
        refusal=refusal,
        wanted=wanted,
        refused=status >= 400,
        new_key=new_key,
        tag=tag,
    )
    return tagged(make_response(page, status), tag)


def months_from(day: date, *, since: date = date.min) -> list[Month]:
    """Return the month of a day and the next, with what takes place from a day on."""
    first = day.replace(day=1)
    months = [first + relativedelta(months=n) for n in (0, 1) if (first.year, n) != (9999, 1)]
    return [
        month_of(month, scheduled_within(max(month, since), last_day_of(month))) for month in months
    ]


def scheduled_within(first: date, last: date) -> Sequence[Event]:
    """Return what takes place on some days, which are few; of what was called off nothing."""
    return _within(first, last, "scheduled")


def the_words() -> Words:
    """Return how this venue writes money and times."""
    return Words(app_context.settings.currency, app_context.settings.timezone)


def this_day() -> date:
    """Return which day it is at the venue."""
    return app_context.clock().astimezone(app_context.settings.timezone).date()


def month_named(name: str) -> date:
    """Return the first day of the month that is named `YYYY-MM`; raises NotFound."""
    try:
        return parse_day(f"{name}-01")
    except ValueError:
        raise NotFound from None


def day_or(text: str | None, otherwise: date) -> date:
    """Return the day that is written there, or another where none is."""
    try:
        return parse_day(text) if text else otherwise
    except ValueError:
        return otherwise


def _within(first: date, last: date, status: str) -> Sequence[Event]:
    wanted = events.Filter(first, last, status)
    return events.page_by_day(app_context.db, wanted, None, _MOST_IN_TABLE).found


def _by_month(found: Sequence[Event]) -> list[tuple[date, list[Event]]]:
    months: dict[date, list[Event]] = {}
    for event in found:
        if event.day is not None:
            months.setdefault(event.day.replace(day=1), []).append(event)
    return list(months.items())

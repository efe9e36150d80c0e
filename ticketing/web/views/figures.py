"""The figures of the months: a picture, a table, and the same to take away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import Blueprint, Response, make_response, render_template, request

from ticketing.api.http.context import app_context
from ticketing.domain.identity.users import Role
from ticketing.domain.statistics import MonthFigures
from ticketing.services import statistics
from ticketing.web.downloads import download
from ticketing.web.forms import whole_number
from ticketing.web.http.access import shows
from ticketing.web.presenters.chart import chart_of
from ticketing.web.presenters.tables import amount
from ticketing.web.views.public import the_words, this_day

blp = Blueprint("figures", __name__, url_prefix="/office")

CHOICES = (12, 24, 36, 60)
MOST_MONTHS = 60


@shows(blp, "/figures", who=Role.STAFF)
def index() -> Response:
    """Show the last months, the current one up to today or the last full one first."""
    number, complete = _asked()
    months = _months(number, complete)
    earning = [month for month in months if month.revenue]
    page = render_template(
        "office/figures.html",
        months=months,
        first=date(months[-1].year, months[-1].month, 1),
        last=date(months[0].year, months[0].month, 1),
        number=number,
        choices=sorted({*CHOICES, number}),
        complete=complete,
        today=this_day(),
        chart=chart_of(months, the_words()),
        revenue=sum(month.revenue for month in months),
        events=sum(month.events for month in months),
        best=max(earning, key=lambda month: month.revenue) if earning else None,
        empty=[month for month in months if not month.events],
    )
    return make_response(page)


@shows(blp, "/figures.csv", who=Role.STAFF)
def table() -> Response:
    """Send the same months as a table."""
    number, complete = _asked()
    rows = [
        [
            f"{month.year}-{month.month:02}",
            month.events,
            f"{month.average_tickets_sold:.2f}" if month.events else None,
            amount(month.revenue),
        ]
        for month in _months(number, complete)
    ]
    return download("figures.csv", ["month", "events", "mean share sold", "revenue"], rows)


def _asked() -> tuple[int, bool]:
    number = whole_number(request.args.get("months"), 1, MOST_MONTHS) or CHOICES[0]
    return number, request.args.get("window") == "complete"


def _months(number: int, complete: bool) -> Sequence[MonthFigures]:  # noqa: FBT001
    return statistics.monthly(app_context.db, this_day(), months=number, complete=complete)

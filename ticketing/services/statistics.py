"""The figures for whoever runs the place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ticketing.domain.calendar import last_day_of, months_back
from ticketing.domain.statistics import MonthFigures
from ticketing.storage import events
from ticketing.storage.driver.clients import Database


def monthly(db: Database, today: date, *, months: int, complete: bool) -> Sequence[MonthFigures]:
    """Return the last `months` months, newest first, one row each, empty months as zeros.

    The current month counts events up to today. With `complete` the first row is the last month
    that is over.
    """
    wanted = months_back(today, months, complete=complete)

    figures = events.monthly(db, wanted[-1], min(today, last_day_of(wanted[0])))

    return [
        figures.get((month.year, month.month), MonthFigures(month.year, month.month, 0, ()))
        for month in wanted
    ]

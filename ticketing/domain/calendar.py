"""Days and months as the office writes them."""

from __future__ import annotations

import re
from datetime import date

from dateutil.relativedelta import relativedelta

_SLASHED = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")

FIRST_YEAR = 1900


def parse_day(text: str) -> date:
    """Read `DD/MM/YYYY` or `YYYY-MM-DD`, ASCII digits only, from 1900; raises ValueError."""
    if found := _SLASHED.fullmatch(text):
        day, month, year = map(int, found.groups())
    elif found := _ISO.fullmatch(text):
        year, month, day = map(int, found.groups())
    else:
        raise ValueError("Not a day written as DD/MM/YYYY or YYYY-MM-DD.")
    if year < FIRST_YEAR:
        raise ValueError("Years before 1900 are not in the calendar.")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("There is no such day.") from None


def months_back(today: date, months: int, *, complete: bool) -> list[date]:
    """List the first days of the last `months` months, newest first.

    The first is the current month, or the month before it where only complete ones are wanted.
    """
    newest = today.replace(day=1) - relativedelta(months=1 if complete else 0)
    return [newest - relativedelta(months=back) for back in range(months)]


def last_day_of(month: date) -> date:
    """Return the last day of the month that a day lies in."""
    return month + relativedelta(day=31)

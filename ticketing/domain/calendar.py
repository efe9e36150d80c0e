"""Days and months, read and counted."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from dateutil.relativedelta import relativedelta

_SLASHED = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
# RFC 3339 and what JavaScript makes of a Date; seconds and offset may be missing (ISO 8601). A
# fraction never decides the day.
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]"
    r"((?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)(?:[.,]([0-9]+))?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?"
)

FIRST_YEAR = 1900


def parse_day(text: str) -> date:
    """Read `DD/MM/YYYY` or `YYYY-MM-DD`, ASCII digits only, from 1900; raises ValueError."""
    if found := _SLASHED.fullmatch(text):
        day, month, year = map(int, found.groups())
    elif found := _ISO.fullmatch(text):
        year, month, day = map(int, found.groups())
    else:
        raise ValueError("Not a day written as DD/MM/YYYY or YYYY-MM-DD.")
    try:
        found_day = date(year, month, day)
    except ValueError:
        raise ValueError("There is no such day.") from None
    return _in_the_calendar(found_day)


def parse_day_or_time(text: str, zone: tzinfo) -> date:
    """Read a day as `parse_day` does, or the day that a date-time is in `zone`; raises ValueError.

    A date-time without an offset is meant in `zone`.
    """
    if ":" not in text:
        return parse_day(text)
    found = _DATE_TIME.fullmatch(text)
    if not found:
        raise ValueError("Not a date-time such as 2025-09-10T10:00:00Z.")
    day, clock, _, offset = found.groups(default="")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset.upper()}")
    except ValueError:
        raise ValueError("There is no such day.") from None
    try:
        local = moment.astimezone(zone) if offset else moment
    except OverflowError:
        raise ValueError("This moment is in no year from 1900 to 9999.") from None
    return _in_the_calendar(local.date())


def parse_moment(text: str, zone: tzinfo) -> datetime:
    """Read a date-time to the millisecond, in UTC; raises ValueError.

    One without an offset is meant in `zone`.
    """
    found = _DATE_TIME.fullmatch(text)
    if not found:
        raise ValueError("Neither a day nor a date-time such as 2025-09-10T10:00:00Z.")
    day, clock, fraction, offset = found.groups(default="")
    if fraction and clock.count(":") == 1:
        raise ValueError("A fraction is one of a second.")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset.upper()}")
    except ValueError:
        raise ValueError("There is no such day.") from None
    moment += timedelta(milliseconds=int(fraction[:3].ljust(3, "0")))
    try:
        utc = (moment if offset else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError("This moment is in no year from 1900 to 9999.") from None
    _in_the_calendar(utc.date())
    return utc


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which a day begins in `zone`, in UTC.

    Where the clock is put forward at midnight that is the first moment that there is.
    """
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which the next day begins in `zone`, in UTC."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return start_of(day + timedelta(days=1), zone)


def _in_the_calendar(day: date) -> date:
    if day.year < FIRST_YEAR:
        raise ValueError("Years before 1900 are not in the calendar.")
    return day


def months_back(today: date, months: int, *, complete: bool) -> list[date]:
    """List the first days of the last `months` months, newest first.

    The first is the current month, or the month before it where only complete ones are wanted.
    """
    newest = today.replace(day=1) - relativedelta(months=1 if complete else 0)
    return [newest - relativedelta(months=back) for back in range(months)]


def last_day_of(month: date) -> date:
    """Return the last day of the month that a day lies in."""
    return month + relativedelta(day=31)

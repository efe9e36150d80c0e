from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ticketing.domain.calendar import (
    end_of,
    last_day_of,
    months_back,
    parse_day,
    parse_day_or_time,
    parse_moment,
    start_of,
)
from ticketing.domain.money import to_major, to_minor
from ticketing.domain.statistics import mean_percentage


@pytest.mark.parametrize("text", ["31/10/2024", "2024-10-31"])
def test_reads_a_day_in_both_spellings(text):
    assert parse_day(text) == date(2024, 10, 31)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 31/10/2024",
        "31/10/2024\n",
        "31/10/24",
        "1/1/2024",
        "31-10-2024",
        "2024/10/31",
        "2024-10-31T00:00:00",
        "31/02/2024",
        "29/02/2023",
        "00/01/2024",
        "2024-13-01",
        "31/12/1899",
        "\u0663\u0661/10/2024",
        "+1/10/2024",
    ],
)
def test_reads_nothing_else_as_a_day(text):
    with pytest.raises(ValueError, match=r"."):
        parse_day(text)


@pytest.mark.parametrize(
    "text",
    [
        "2025-09-10",
        "10/09/2025",
        "2025-09-10T10:00:00Z",
        "2025-09-10T10:00:00.000Z",
        "2025-09-10T10:00:00.123456789012Z",
        "2025-09-10T10:00:00,5Z",
        "2025-09-10t10:00:00z",
        "2025-09-10 10:00:00Z",
        "2025-09-10T10:00Z",
        "2025-09-10T10:00",
        "2025-09-10T23:59:59.999",
        "2025-09-10T00:00:00",
        "2025-09-10T10:00:00+02:00",
        "2025-09-10T10:00:00-0500",
        "2025-09-10T10:00:00+02",
        "2025-09-10T10:00:00-00:00",
    ],
)
def test_reads_a_date_time_however_it_is_written(text):
    assert parse_day_or_time(text, ZoneInfo("UTC")) == date(2025, 9, 10)


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2025-09-10T10:00:00Z", "Pacific/Kiritimati", date(2025, 9, 11)),
        ("2025-09-10T10:00:00Z", "Pacific/Midway", date(2025, 9, 9)),
        ("2025-09-10T23:00:00-05:00", "UTC", date(2025, 9, 11)),
        ("2025-09-10T01:00:00+05:30", "UTC", date(2025, 9, 9)),
        # Without an offset it is meant there, also where the clock skips or repeats that hour.
        ("2025-09-10T23:59:59", "Pacific/Kiritimati", date(2025, 9, 10)),
        ("2025-03-30T02:30:00", "Europe/Berlin", date(2025, 3, 30)),
        # An hour ahead in winter, two in summer.
        ("2025-01-10T22:30:00Z", "Europe/Berlin", date(2025, 1, 10)),
        ("2025-07-10T22:30:00Z", "Europe/Berlin", date(2025, 7, 11)),
        ("2025-10-26T22:30:00Z", "Europe/Berlin", date(2025, 10, 26)),
        ("2025-12-31T23:00:00Z", "Europe/Berlin", date(2026, 1, 1)),
        ("2024-02-28T23:30:00Z", "Europe/Berlin", date(2024, 2, 29)),
        # The first day and the last.
        ("1899-12-31T23:00:00-05:00", "UTC", date(1900, 1, 1)),
        ("9999-12-31T23:59:59Z", "UTC", date(9999, 12, 31)),
        ("9999-12-31T23:59:59Z", "Pacific/Midway", date(9999, 12, 31)),
    ],
)
def test_takes_the_day_that_a_date_time_is_in_the_zone(text, zone, day):
    assert parse_day_or_time(text, ZoneInfo(zone)) == day


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("1900-01-01T00:00:00Z", "America/New_York"),
        ("9999-12-31T23:59:59Z", "Pacific/Kiritimati"),
        ("9999-12-31T23:59:59-12:00", "UTC"),
        ("0001-01-01T00:00:00Z", "America/New_York"),
        ("0001-01-01T00:00:00+14:00", "UTC"),
        ("0000-01-01T00:00:00Z", "UTC"),
    ],
)
def test_reads_no_date_time_before_the_first_day_or_after_the_last(text, zone):
    with pytest.raises(ValueError, match=r"[Yy]ear|day"):
        parse_day_or_time(text, ZoneInfo(zone))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 2025-09-10T10:00:00Z",
        "2025-09-10T10:00:00Z\n",
        "2025-09-10T",
        "2025-09-10T10",
        "2025-09-10T10:00:",
        "2025-09-10T10:00:00.Z",
        "2025-09-10T1:00:00Z",
        "2025-09-10T24:00:00Z",
        "2025-09-10T10:60:00Z",
        "2025-09-10T10:00:60Z",
        "2025-09-10T10:00:00+24:00",
        "2025-09-10T10:00:00+02:60",
        "2025-09-10T10:00:00+2",
        "2025-09-10T10:00:00 +02:00",
        "2025-09-10T10:00:00UTC",
        "2025-09-10T10:00:00Zjunk",
        "2025-09-10X10:00:00Z",
        "2025-02-29T10:00:00Z",
        "2025-13-01T10:00:00Z",
        "10/09/2025 10:00:00",
        "20250910T100000Z",
        "2025-W37-3T10:00:00Z",
        "+012025-09-10T10:00:00Z",
        "\u0662\u0660\u0662\u0665-09-10T10:00:00Z",
    ],
)
def test_reads_nothing_else_as_a_date_time(text):
    with pytest.raises(ValueError, match=r"."):
        parse_day_or_time(text, ZoneInfo("UTC"))


def test_knows_leap_days():
    assert parse_day("29/02/2024") == date(2024, 2, 29)
    assert parse_day("2000-02-29") == date(2000, 2, 29)


def test_counts_months_back_across_new_year():
    assert months_back(date(2024, 1, 31), 3, complete=False) == [
        date(2024, 1, 1),
        date(2023, 12, 1),
        date(2023, 11, 1),
    ]


def test_starts_at_the_last_month_that_is_over():
    assert months_back(date(2024, 3, 31), 1, complete=True) == [date(2024, 2, 1)]
    assert months_back(date(2024, 1, 1), 1, complete=True) == [date(2023, 12, 1)]


def test_knows_how_long_february_is():
    assert last_day_of(date(2024, 2, 1)) == date(2024, 2, 29)
    assert last_day_of(date(2023, 2, 28)) == date(2023, 2, 28)


def test_turns_money_into_minor_units_and_back():
    assert to_minor(Decimal("12.5")) == 1250
    assert to_minor(5) == 500
    assert to_major(1250) == 12.5
    assert to_major(500) == 5
    assert isinstance(to_major(500), int)


def test_knows_no_fractions_of_a_minor_unit():
    with pytest.raises(ValueError, match="two decimals"):
        to_minor(Decimal("0.001"))


def test_averages_the_events_percentages_not_their_tickets():
    assert mean_percentage([(100, 100), (0, 1000)]) == 50


def test_has_zero_for_a_month_without_events():
    assert mean_percentage([]) == 0


def test_rounds_half_up_exactly():
    assert mean_percentage([(1, 20_000)]) == Decimal("0.01")  # 0.005 %
    assert mean_percentage([(1, 3)]) == Decimal("33.33")
    assert mean_percentage([(2, 3)]) == Decimal("66.67")
    assert mean_percentage([(1, 3)] * 3 + [(1, 50_000)]) == Decimal("25.00")
    # Thirds that add up to an exact half: binary or decimal fractions would fall short of it.
    assert mean_percentage([(1, 3), (2, 3), (1, 10_000), (0, 1)]) == Decimal("25.00")
    assert mean_percentage([(1, 30_000), (2, 30_000)]) == Decimal("0.01")  # 0.005 %


@pytest.mark.parametrize(
    ("zone", "day", "begins", "hours"),
    [
        ("UTC", date(2024, 10, 31), "2024-10-31T00:00Z", 24),
        ("Europe/Madrid", date(2024, 3, 31), "2024-03-30T23:00Z", 23),
        ("Europe/Madrid", date(2024, 10, 27), "2024-10-26T22:00Z", 25),
        # There is no midnight: the clock goes from 23:59:59 to 01:00.
        ("Africa/Cairo", date(2024, 4, 26), "2024-04-25T22:00Z", 23),
        # There are two: the clock goes from 00:59:59 back to 00:00.
        ("America/Havana", date(2024, 11, 3), "2024-11-03T04:00Z", 25),
        ("Pacific/Auckland", date(1900, 1, 1), "1899-12-31T12:30Z", 24),
    ],
)
def test_knows_when_a_day_begins_and_ends(zone, day, begins, hours):
    start = start_of(day, ZoneInfo(zone))

    assert start == datetime.fromisoformat(begins)
    assert end_of(day, ZoneInfo(zone)) - start == timedelta(hours=hours)


def test_knows_an_end_of_the_last_day_that_there_is():
    assert end_of(date.max, ZoneInfo("UTC")) > start_of(date.max, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    "text",
    [
        "2024-10-31T18:00:00.250Z",
        "2024-10-31T18:00:00,2509999Z",
        "2024-10-31t19:00:00.25+01:00",
        "2024-10-31 19:00:00.250",
        "2024-10-31T13:00:00.250-0500",
    ],
)
def test_reads_a_moment_to_the_millisecond(text):
    moment = parse_moment(text, ZoneInfo("Europe/Madrid"))

    assert moment == datetime(2024, 10, 31, 18, 0, 0, 250_000, UTC)

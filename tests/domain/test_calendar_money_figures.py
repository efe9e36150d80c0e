from datetime import date
from decimal import Decimal

import pytest

from ticketing.domain.calendar import last_day_of, months_back, parse_day
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

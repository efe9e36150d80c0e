from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from ticketing.domain.statistics import MonthFigures
from ticketing.web.presenters.chart import BASE, TOP, chart_of
from ticketing.web.presenters.words import Words

WORDS = Words("EUR", ZoneInfo("UTC"))


def months(*revenues, share=(1, 2)):
    """The last months, the newest first; None is a month without events."""
    return [
        MonthFigures(2026 - (number // 12), 12 - number % 12, revenue or 0,
                     () if revenue is None else (share,))
        for number, revenue in enumerate(revenues)
    ]  # fmt: skip


def test_draws_bars_as_high_as_the_revenue():
    chart = chart_of(months(150_000, 75_000), WORDS)

    low, high = chart.columns
    assert (high.bar, high.height) == (TOP, BASE - TOP)
    assert low.height == pytest.approx((BASE - TOP) / 2)
    assert [line.money for line in chart.grid] == ["0", "300", "600", "900", "1.2k", "1.5k"]
    assert [line.share for line in chart.grid] == ["0%", "20%", "40%", "60%", "80%", "100%"]


@pytest.mark.parametrize(
    ("best", "top"),
    [
        (1, "1"),
        (100, "1"),
        (101, "1.5"),
        (1_248_000, "15k"),
        (760_000_00, "1M"),
        (10**14, "1000000M"),
    ],
)
def test_the_axis_ends_at_a_round_amount(best, top):
    assert chart_of(months(best), WORDS).grid[-1].money == top


def test_nothing_is_not_nought():
    chart = chart_of(months(5_000, None, 0, 7_000), WORDS)

    first, free, none, last = chart.columns
    assert (none.bar, none.point, none.value) == (None, None, "none")
    assert (free.bar, free.value) == (None, "0")
    assert free.point is not None
    assert [(line.x1, line.x2) for line in chart.lines] == [(first.centre, free.centre)]
    assert last.point is not None
    assert "October 2026 had events but no revenue. November 2026 had no event." in chart.sentence


def test_a_year_without_anything_is_drawn_all_the_same():
    chart = chart_of(months(*[None] * 12), WORDS)

    assert all(column.value == "none" and column.bar is None for column in chart.columns)
    assert not chart.lines
    assert chart.sentence.startswith("No month brought any revenue. 12 months had no event.")


def test_sixty_months_have_bars_and_few_words():
    chart = chart_of(months(*range(1_000, 61_000, 1_000)), WORDS)

    assert len(chart.columns) == 60
    assert {column.name for column in chart.columns} == {"", "Jan", "Jul"}
    assert [column.year for column in chart.columns if column.year][:2] == ["2022", "2023"]
    assert not any(column.value for column in chart.columns)
    assert all(0 <= float(c.left[:-1]) < float(c.centre[:-1]) < 100 for c in chart.columns)


def test_one_month_is_a_picture_too():
    chart = chart_of(months(12_345), WORDS)

    assert chart.columns[0].centre == "50.00%"
    assert "Only December 2026 brought revenue: €123.45." in chart.sentence

"""Figures that no states of the events come to are found; those that some come to are not."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.faults.judging.shown import figures
from tests.faults.judging.shown.figures import miscounted
from tests.faults.judging.told import Trail, asked, court, returned, sold
from tests.faults.load.history import Sight

Row = dict[str, Any]

TODAY = date(2026, 11, 30)


def month(number: int, revenue: float = 0, events: int = 0, average: float = 0) -> Row:
    return {
        "year": 2026, "month": number, "revenue": revenue, "nEvents": events,
        "averageTicketsSold": average,
    }  # fmt: skip


def two_sales() -> Trail:
    """Sold between 2 and 3, and between 4 and 5; 2 of 3 tickets in the end."""
    return sold(sold(Trail("e1", day="2026-10-02"), "s1"), "s2")


def statistics(rows: list[Row], *trails: Trail, began: float = 20.0, ended: float = 21.0,
               path: str = "?months=2", today: date = TODAY) -> list[str]:  # fmt: skip
    sight = Sight("statistics", "", began, ended, 200, json.dumps(rows).encode(), path)
    return list(miscounted(court(*trails), [sight], today))


OCTOBER = month(10, 10, 1, 66.67)


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([month(11), OCTOBER], 0),
        ([month(11), {**OCTOBER, "revenue": 5}], 1),
        ([month(11), {**OCTOBER, "nEvents": 2}], 1),
        ([month(11), {**OCTOBER, "averageTicketsSold": 66.66}], 1),
        ([month(11), month(10)], 1),
        ([OCTOBER, month(11)], 1),
        ([month(11)], 1),
        ([OCTOBER, month(9)], 1),
        ([{**OCTOBER, "month": 11}, month(10)], 2),
    ],
    ids=str,
)
def test_compares_the_months_with_what_was_sold(rows: list[Row], faults: int) -> None:
    assert len(statistics(rows, two_sales())) == faults


def test_lets_figures_be_those_of_any_moment_but_of_one() -> None:
    for revenue, average in ((0, 0), (5, 33.33), (10, 66.67)):
        assert statistics([month(11), month(10, revenue, 1, average)], two_sales(),
                          began=1.0) == []  # fmt: skip
    mixed = [month(11), month(10, 5, 1, 66.67)]
    assert len(statistics(mixed, two_sales(), began=1.0)) == 1
    before = [month(11), month(10, 5, 1, 33.33)]
    assert len(statistics(before, two_sales())) == 1


def test_adds_up_any_moments_of_several_events() -> None:
    other = sold(Trail("e2", capacity=2, price=500, day="2026-10-03"), "s3", 2)
    for revenue, average in ((20, 83.34), (20, 83.33), (15, 66.67), (10, 33.33), (12, 50)):
        rows = [month(11), month(10, revenue, 2, average)]
        is_so = (revenue, average) in ((20, 83.33), (15, 66.67))
        found = statistics(rows, two_sales(), other, began=3.5, ended=4.5)
        assert len(found) == (0 if is_so else 1), rows


def test_keeps_to_bounds_where_there_is_too_much_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "_COMBINATIONS", 1)
    for revenue, faults in ((0, 0), (7, 0), (10, 0), (11, 1)):
        rows = [month(11), month(10, revenue, 1, 33.33)]
        assert len(statistics(rows, two_sales(), began=1.0)) == faults


def gone(action: str, method: str, path: str) -> Trail:
    trail = Trail("e1", day="2026-10-02")
    trail.asked(asked(method, path, None, 200, {}, key="end", began=trail.now))
    return trail.add(action, None, "end")


@pytest.mark.parametrize(
    "trail",
    [
        gone("deleted", "DELETE", "/events/e1"),
        gone("called_off", "POST", "/events/e1/cancellation"),
        Trail("e1", day="2026-12-24"),
    ],
    ids=["deleted", "called off", "to come"],
)
def test_counts_no_event_that_does_not_take_place(trail: Trail) -> None:
    assert statistics([month(12), month(11)], trail, today=date(2026, 12, 1)) == []
    assert statistics([month(11), month(10)], trail) == []
    assert len(statistics([month(11), month(10, 0, 1)], trail)) == 1


def test_lets_a_clock_be_a_day_off() -> None:
    today = Trail("e1", day="2026-11-30")
    for events in (0, 1):
        assert statistics([month(11, 0, events), month(10)], today) == []
    assert statistics([month(12), month(11, 0, 1)], today) == []


def test_begins_a_month_earlier_where_only_what_is_over_counts() -> None:
    path = "?months=1&window=complete"

    today = date(2026, 11, 20)

    assert statistics([OCTOBER], two_sales(), path=path, today=today) == []
    assert len(statistics([month(11)], two_sales(), path=path, today=today)) == 1


NOTHING = {"transactions": 0, "nTickets": 0, "total": 0}


def taking(sales: int, tickets: int, total: float) -> Row:
    return {"transactions": sales, "nTickets": tickets, "total": total}


def evening(
    items: list[Row], totals: Row, *trails: Trail, began: float = 20.0, **more: Any
) -> list[str]:
    told = {"day": "2026-11-30", "event": None, "items": items, "totals": totals, **more}
    path = f"?event={told['event']}" if told["event"] else ""
    body = json.dumps(told).encode()
    sight = Sight("figures of the counter", "", began, began + 1.0, 200, body, path)
    return list(miscounted(court(*trails), [sight], TODAY))


def counter() -> Trail:
    """Staff sells three and two, and somebody else takes the second sale back."""
    return returned(sold(sold(Trail("e1", capacity=9), "s1", 3), "s2", 2), "s2", 2)


STAFF = {"sold": taking(2, 5, 25), "returned": NOTHING, "calledOff": NOTHING, "net": 25}
OTHER = {"sold": NOTHING, "returned": taking(1, 2, 10), "calledOff": NOTHING, "net": -10}
BOTH = [{**OTHER, "actor": "other"}, {**STAFF, "actor": "staff"}]
TOTALS = {**STAFF, "returned": taking(1, 2, 10), "net": 15}


def test_is_silent_about_what_the_counter_has_taken() -> None:
    assert evening(BOTH, TOTALS, counter()) == []
    assert evening(BOTH, TOTALS, counter(), event="e1") == []
    assert evening(BOTH[1:], STAFF, counter(), began=5.1) == []
    empty = {"sold": NOTHING, "returned": NOTHING, "calledOff": NOTHING, "net": 0}
    assert evening([], empty, counter(), day="2026-11-29") == []


@pytest.mark.parametrize(
    ("items", "totals", "more"),
    [
        (BOTH[::-1], TOTALS, {}),
        ([BOTH[0], BOTH[0], BOTH[1]], TOTALS, {}),
        (BOTH[1:], STAFF, {}),
        (BOTH, STAFF, {}),
        (BOTH, {**TOTALS, "net": 25}, {}),
        ([BOTH[0], {**BOTH[1], "net": 15}], TOTALS, {}),
        ([BOTH[0], {**BOTH[1], "sold": taking(2, 4, 25)}],
         {**TOTALS, "sold": taking(2, 4, 25)}, {}),
        ([{**OTHER, "returned": NOTHING, "calledOff": taking(1, 2, 10), "net": 0,
           "actor": "other"}, BOTH[1]],
         {**STAFF, "calledOff": taking(1, 2, 10)}, {}),
        (BOTH, TOTALS, {"day": "2026-11-29"}),
        (BOTH, TOTALS, {"day": "2027-11-30"}),
    ],
    ids=str,
)  # fmt: skip
def test_finds_what_the_counter_has_not_taken(items: list[Row], totals: Row, more: Row) -> None:
    assert len(evening(items, totals, counter(), **more)) >= 1


def test_finds_figures_that_are_refused_or_can_not_be_read() -> None:
    for status, body in ((404, b"[]"), (200, b"{}")):
        sight = Sight("statistics", "", 20.0, 21.0, status, body)
        assert len(list(miscounted(court(), [sight], TODAY))) == 1

"""The figures of the months as a picture: where every bar, line and word stands.

Across in percent and down in pixels, without a viewBox: so the plot stretches with the page and the
text never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from ticketing.domain.money import MINOR_PER_MAJOR
from ticketing.domain.statistics import MonthFigures
from ticketing.web.presenters.words import Words, day

# The plot's lower and upper end, in pixels.
BASE, TOP = 276.0, 28.0

_BAR = 0.56
_STEPS = (Decimal(1), Decimal("1.5"), Decimal(2), Decimal(3), Decimal(5), Decimal("7.5"))
_LINES = 5

# Up to so many months each has its name, beyond it January and July have; and its value in the bar.
_MOST_NAMED = 24


@dataclass(frozen=True, slots=True)
class Column:
    """A month in the picture; what is None is not drawn."""

    centre: str
    left: str
    width: str
    name: str
    year: str
    bar: float | None
    value: str
    point: float | None

    @property
    def height(self) -> float:
        """How high the bar is."""
        return round(BASE - self.bar, 1) if self.bar is not None else 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of the line between two months that both had events."""

    x1: str
    y1: float
    x2: str
    y2: float


@dataclass(frozen=True, slots=True)
class GridLine:
    """A line across the plot, with what it means on the left and on the right."""

    y: float
    money: str
    share: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture, and the sentence that says the same to whoever can't see it."""

    grid: Sequence[GridLine]
    columns: Sequence[Column]
    lines: Sequence[Line]
    sentence: str


def chart_of(newest_first: Sequence[MonthFigures], words: Words) -> Chart:
    """Draw the months, the oldest on the left."""
    months = list(reversed(newest_first))
    best = max((month.revenue for month in months), default=0)
    top = _top(best)
    columns = [_column(number, months, top) for number in range(len(months))]
    return Chart(_grid(top), columns, _lines(columns), _sentence(months, words))


def _top(best: int) -> int:
    """Return the smallest round amount that is at least the best month's, in minor units."""
    power = Decimal(MINOR_PER_MAJOR)
    while True:
        for step in _STEPS:
            if step * power >= max(best, 1):
                return int(step * power)
        power *= 10


def _column(number: int, months: Sequence[MonthFigures], top: int) -> Column:
    month, count = months[number], len(months)
    width = 100 / count
    first = date(month.year, month.month, 1)
    named = count <= _MOST_NAMED or month.month in (1, 7)
    # The first column's year would lie under the next one's where the columns are narrow.
    dated = month.month == 1 or (number == 0 and count <= _MOST_NAMED)
    share = float(month.average_tickets_sold)
    if not month.events:
        value = "none"
    elif not month.revenue:
        value = "0"
    else:
        value = _thousands(month.revenue)
    return Column(
        centre=f"{(number + 0.5) * width:.2f}%",
        left=f"{(number + (1 - _BAR) / 2) * width:.2f}%",
        width=f"{width * _BAR:.2f}%",
        name=day(first, "month") if named else "",
        year=str(month.year) if dated else "",
        bar=round(BASE - (BASE - TOP) * month.revenue / top, 1) if month.revenue else None,
        value=value if count <= _MOST_NAMED else "",
        point=round(BASE - (BASE - TOP) * share / 100, 1) if month.events else None,
    )


def _lines(columns: Sequence[Column]) -> list[Line]:
    """Join neighbours; a month without events leaves a gap, since nothing is not 0 %."""
    return [
        Line(one.centre, one.point, other.centre, other.point)
        for one, other in pairwise(columns)
        if one.point is not None and other.point is not None
    ]


def _grid(top: int) -> list[GridLine]:
    return [
        GridLine(
            round(BASE - (BASE - TOP) * number / _LINES, 1),
            _thousands(top * number // _LINES),
            f"{100 * number // _LINES}%",
        )
        for number in range(_LINES + 1)
    ]


def _thousands(minor: int) -> str:
    """Write an amount as short as it fits into a bar: 950, 12.5k, 3.1M."""
    major = Decimal(minor) / MINOR_PER_MAJOR
    for size, letter in ((Decimal(1_000_000), "M"), (Decimal(1_000), "k")):
        if major >= size:
            short = (major / size).quantize(Decimal("0.1"), ROUND_HALF_UP)
            return f"{short.normalize():f}{letter}"
    return f"{major.quantize(Decimal(1), ROUND_HALF_UP) if major >= 10 else major.normalize():f}"


def _sentence(months: Sequence[MonthFigures], words: Words) -> str:
    """Return what the picture shows in words: the lowest, the best, and the months with nothing."""
    earning = [month for month in months if month.revenue]
    free = [month for month in months if month.events and not month.revenue]
    empty = [month for month in months if not month.events]
    said = []
    if not earning:
        said.append("No month brought any revenue.")
    elif len(earning) == 1:
        said.append(f"Only {_name(earning[0])} brought revenue: {words.money(earning[0].revenue)}.")
    else:
        low = min(earning, key=lambda month: month.revenue)
        best = max(earning, key=lambda month: month.revenue)
        said.append(
            f"Revenue went from {words.money(low.revenue)} in {_name(low)} to "
            f"{words.money(best.revenue)} in {_name(best)}, the best month."
        )
    if free:
        said.append(f"{_counted(free)} had events but no revenue.")
    if empty:
        said.append(f"{_counted(empty)} had no event.")
    return " ".join([*said, "The table below has every number."])


def _counted(months: Sequence[MonthFigures]) -> str:
    names = [_name(month) for month in months]
    if len(names) > 4:
        return f"{len(names)} months"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _name(month: MonthFigures) -> str:
    return day(date(month.year, month.month, 1), "month_year")

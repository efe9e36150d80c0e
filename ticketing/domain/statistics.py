"""The figures of a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """One month's events: revenue in minor units, and (sold, capacity) of each event."""

    year: int
    month: int
    revenue: int
    attendance: Sequence[tuple[int, int]]

    @property
    def events(self) -> int:
        """How many events took place."""
        return len(self.attendance)

    @property
    def average_tickets_sold(self) -> Decimal:
        """The mean of the events' percentages of tickets sold, half up to two decimals."""
        return mean_percentage(self.attendance)


def mean_percentage(attendance: Sequence[tuple[int, int]]) -> Decimal:
    """Return the mean of 100 * sold / capacity, 0 for no events, half up to two decimals.

    Computed in fractions: halves are exact, so that 0.005 always rounds to 0.01.
    """
    if not attendance:
        return Decimal(0)
    total = sum((Fraction(100 * sold, capacity) for sold, capacity in attendance), Fraction(0))
    hundredths = total * 100 / len(attendance)
    rounded = int(hundredths + Fraction(1, 2))
    return (Decimal(rounded) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)

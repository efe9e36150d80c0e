"""What was sold over the counter on one day, and what was given back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """So many sales of so many tickets; `total` is in minor units."""

    sales: int = 0
    tickets: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Takings:
    """What was sold, given back over the counter, and ended because its event was called off.

    Only the first two are money in a drawer: what is owed for an event that was called off is paid
    back later, if at all.
    """

    sold: Tally = Tally()
    returned: Tally = Tally()
    called_off: Tally = Tally()

    @property
    def net(self) -> int:
        """What was taken, less what was given back; below zero where more was given back."""
        return self.sold.total - self.returned.total


@dataclass(frozen=True, slots=True)
class SellerTakings:
    """What one actor did; `actor` is None for what was sold before sales named their seller."""

    actor: str | None
    takings: Takings


@dataclass(frozen=True, slots=True)
class Evening:
    """A day at the counter, one row an actor, in the order of their names."""

    sellers: Sequence[SellerTakings]

    @property
    def totals(self) -> Takings:
        """All that was sold, given back and called off."""
        takings = [seller.takings for seller in self.sellers]
        return Takings(
            _add(each.sold for each in takings),
            _add(each.returned for each in takings),
            _add(each.called_off for each in takings),
        )


def _add(tallies: Iterable[Tally]) -> Tally:
    rows = list(tallies)
    return Tally(
        sum(row.sales for row in rows),
        sum(row.tickets for row in rows),
        sum(row.total for row in rows),
    )

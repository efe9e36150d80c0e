"""A month as a table: weeks from Monday, one event a day."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

from ticketing.domain.events import Event

_WEEKS = Calendar()


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the month, or of its neighbours (`None`), and what is on."""

    day: date | None
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """A month and its weeks."""

    first: date
    weeks: Sequence[Sequence[Cell]]

    @property
    def events(self) -> list[Event]:
        """What is on, in the order of the days."""
        return [cell.event for week in self.weeks for cell in week if cell.event is not None]

    @property
    def previous(self) -> date | None:
        """The first day of the month before, where there is one in the calendar."""
        return (
            self.first - relativedelta(months=1)
            if (self.first.year, self.first.month) > (1900, 1)
            else None
        )

    @property
    def following(self) -> date | None:
        """The first day of the month after, where there is one in the calendar."""
        return (
            self.first + relativedelta(months=1)
            if (self.first.year, self.first.month) < (9999, 12)
            else None
        )


def month_of(first: date, events: Sequence[Event]) -> Month:
    """Lay a month out; an event that was called off shows where nothing else took its day."""
    on: dict[date, Event] = {}
    for event in events:
        if event.day is not None and (event.day not in on or event.status == "scheduled"):
            on[event.day] = event

    def cell(number: int) -> Cell:
        if not number:
            return Cell(None)
        day = first.replace(day=number)
        return Cell(day, on.get(day))

    weeks = _WEEKS.monthdayscalendar(first.year, first.month)
    return Month(first, [[cell(number) for number in week] for week in weeks])

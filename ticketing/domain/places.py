"""Where a list goes on that is in the order of time, so that nothing gets lost behind the reader.

A booking has the time at which it was decided, but is there to be read only once its commit is
done. So one may turn up in front of others that a page has shown already, if all of them are young.
Within an event that can't happen: its bookings turn up in the order of their sequence. But one that
has turned up later may have an earlier time there: it was moved here, or the host that sold it is
behind. A place therefore stays at the last moment that is settled, before which nothing turns up
any more, and notes for each event up to which sequence the pages beyond it have given, and as far
as which row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

# A place has to fit into a URL. Where more events than these sold within the few seconds that are
# not settled, it moves on and forgets those that were quiet longest.
MOST_POSITIONS = 24

CLOCKS_AGREE = timedelta(seconds=5)
"""How far the hosts' clocks may differ."""


class Row(NamedTuple):
    """What a row is ordered by: its time, then its event and sequence."""

    at: datetime
    event: str
    sequence: int


BEGINNING = Row(datetime(1, 1, 1, tzinfo=UTC), "", 0)


class EventPosition(NamedTuple):
    """What has been given of an event: what had turned up up to a sequence, as far as a row."""

    last: Row
    sequence: int

    def covers(self, row: Row) -> bool:
        """Return whether a row of this event has been given."""
        return row.event == self.last.event and row.sequence <= self.sequence and row <= self.last


@dataclass(frozen=True, slots=True)
class Place:
    """All rows up to `row` have been given, and what the positions beyond it cover."""

    row: Row = BEGINNING
    positions: tuple[EventPosition, ...] = ()

    def has_given(self, row: Row) -> bool:
        """Return whether a row is on one of the pages before this place."""
        return row <= self.row or any(position.covers(row) for position in self.positions)

    def after(self, given: Sequence[Row], settled: datetime) -> Place:
        """Return the place after these rows, the next ones after this place in order.

        Before `settled` no row turns up any more.
        """
        positions: dict[str, list[EventPosition]] = defaultdict(list)
        for position in self.positions:
            positions[position.last.event].append(position)
        rows: dict[str, list[Row]] = defaultdict(list)
        for row in given:
            rows[row.event].append(row)
        for event, those in rows.items():
            known = positions[event]
            sequences = [row.sequence for row in those] + [position.sequence for position in known]
            position = EventPosition(max(those), max(sequences))
            # What another had come to farther in time, though not in what had turned up, stays.
            positions[event] = [position, *(each for each in known if each.last > position.last)]
        reached = max(self.row, min(given[-1], Row(settled, "", 0)))
        young = sorted(each for some in positions.values() for each in some if each.last > reached)
        if len(young) > MOST_POSITIONS:
            reached = young[-MOST_POSITIONS - 1].last
        return Place(reached, tuple(young[-MOST_POSITIONS:]))


def settled_before(now: datetime, commit_s: float) -> datetime:
    """Return the moment before which no row turns up any more.

    What was decided before it is committed, or never will be: a commit takes at most `commit_s`.
    """
    return now - timedelta(milliseconds=round(commit_s * 1000)) - CLOCKS_AGREE

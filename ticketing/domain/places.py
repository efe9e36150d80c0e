"""Where a list goes on that is in the order of time, so that nothing gets lost behind the reader.

A booking has the time at which it was decided, but is there to be read only once its commit is
done. So one may turn up in front of others that a page has shown already, if all of them are young.
Within an event that can't happen: its bookings turn up in the order of their sequence. A place
therefore stays at the last moment that is settled, before which nothing turns up any more, and
remembers for each event how far beyond it the pages have come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

# A place has to fit into a URL. Where more events than these sold within the few seconds that are
# not settled, it moves on and forgets those that were quiet longest.
MOST_SEEN = 24

CLOCKS_AGREE = timedelta(seconds=5)
"""How far the hosts' clocks may differ."""


class Row(NamedTuple):
    """What a row is ordered by: its time, then its event and sequence."""

    at: datetime
    event: str
    sequence: int


BEGINNING = Row(datetime(1, 1, 1, tzinfo=UTC), "", 0)


@dataclass(frozen=True, slots=True)
class Place:
    """All rows up to `row` have been given, and of the events in `seen` those up to that row."""

    row: Row = BEGINNING
    seen: Mapping[str, Row] = field(default_factory=dict)

    def has_given(self, row: Row) -> bool:
        """Return whether a row is on one of the pages before this place."""
        known = self.seen.get(row.event)
        return row <= self.row or (known is not None and row.sequence <= known.sequence)

    def after(self, given: Sequence[Row], settled: datetime) -> Place:
        """Return the place after these rows, the next ones after this place in order.

        Before `settled` no row turns up any more.
        """
        latest = dict(self.seen)
        for row in given:
            latest[row.event] = max(row, latest.get(row.event, row), key=lambda r: r.sequence)
        reached = max(self.row, min(given[-1], Row(settled, "", 0)))
        young = sorted(row for row in latest.values() if row > reached)
        if len(young) > MOST_SEEN:
            reached = young[-MOST_SEEN - 1]
        return Place(reached, {row.event: row for row in young[-MOST_SEEN:]})


def settled_before(now: datetime, commit_s: float) -> datetime:
    """Return the moment before which no row turns up any more.

    What was decided before it is committed, or never will be: a commit takes at most `commit_s`.
    """
    return now - timedelta(milliseconds=round(commit_s * 1000)) - CLOCKS_AGREE

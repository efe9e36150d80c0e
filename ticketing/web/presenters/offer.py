"""What an event's form offers: which numbers, and whether to book or to wait."""

from __future__ import annotations

from dataclasses import dataclass

from ticketing.domain.events import Event
from ticketing.web.presenters.standing import Standing

# More numbers than this don't fit on a phone: then one is written.
_MOST_TILES = 10


@dataclass(frozen=True, slots=True)
class Offer:
    """`most` is the largest number that can be asked for, `chosen` the one that is set."""

    waits: bool
    most: int
    chosen: int

    @property
    def tiles(self) -> range:
        """The numbers to choose from, if they are few."""
        return range(1, self.most + 1) if self.most <= _MOST_TILES else range(0)


def offer_of(event: Event, standing: Standing, wanted: int | None, limit: int) -> Offer | None:
    """Return what can be asked for; None where nothing can."""
    if not standing.is_open:
        return None
    waits = standing.state in ("out", "wait")
    most = min(limit, event.capacity if waits else event.available)
    return Offer(waits, most, min(wanted or min(2, most), most))

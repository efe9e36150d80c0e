"""What an order comes to when it is granted. A refusal is an `OfficeError`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ticketing.domain.bookings import Booking
from ticketing.domain.errors import OfficeError
from ticketing.domain.events import Event

# The answer names so many of those who got tickets or are owed money; the trail has them all.
MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Held:
    """A booking that was made or changed, its place in the list, and who got freed tickets."""

    booking: Booking
    position: int | None = None
    assigned: Sequence[Booking] = ()

    @property
    def assigned_count(self) -> int:
        """How many bookings got tickets in this commit."""
        return len(self.assigned)


@dataclass(frozen=True, slots=True)
class Changed:
    """An event that was changed, and who got tickets through it."""

    event: Event
    assigned: Sequence[Booking] = ()

    @property
    def assigned_count(self) -> int:
        """How many bookings got tickets in this commit."""
        return len(self.assigned)


@dataclass(frozen=True, slots=True)
class CalledOff:
    """An event that was called off, and the confirmed bookings that are owed their total.

    `owed_total` is in minor units and counts every ticket sold. `owed` are the first bookings by
    sequence, those of this commit.
    """

    event: Event
    owed: Sequence[Booking]
    owed_total: int


Outcome = Event | Changed | CalledOff | Booking | Held | None | OfficeError

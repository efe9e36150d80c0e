"""What a command comes to when it is granted. A refusal is a `DomainError`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ticketing.domain.bookings import Booking
from ticketing.domain.changes.chain import Head
from ticketing.domain.errors import DomainError
from ticketing.domain.events import Event

# A response to a change names so many of those who got tickets or are owed money. The audit has all
# who got tickets, the event's cancellation all who are owed money.
MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class BookingResult:
    """A booking that was made or changed, its place in the list, and who got freed tickets.

    `head` is that of the event's chain after the last change that this made, and None only of an
    event that has no chain yet. Of a booking that was moved it is that of the event it is in now.
    """

    booking: Booking
    position: int | None = None
    assigned: Sequence[Booking] = ()
    head: Head | None = None

    @property
    def assigned_count(self) -> int:
        """How many bookings got tickets in this commit."""
        return len(self.assigned)

    def with_head(self, head: Head | None) -> BookingResult:
        """Return the same with a head; `replace` would take three times as long."""
        return BookingResult(self.booking, self.position, self.assigned, head)


@dataclass(frozen=True, slots=True)
class TransferOffer:
    """A booking that its holder offers to whoever gives this code until then.

    `head` is as for a `BookingResult`.
    """

    booking: Booking
    code: str
    expires_at: datetime
    head: Head | None = None

    def with_head(self, head: Head | None) -> TransferOffer:
        """Return the same with a head."""
        return TransferOffer(self.booking, self.code, self.expires_at, head)


@dataclass(frozen=True, slots=True)
class EventResult:
    """An event that was changed, and who got tickets through it."""

    event: Event
    assigned: Sequence[Booking] = ()

    @property
    def assigned_count(self) -> int:
        """How many bookings got tickets in this commit."""
        return len(self.assigned)

    @property
    def head(self) -> Head | None:
        """The head of the event's chain after this change."""
        return self.event.head


@dataclass(frozen=True, slots=True)
class CalledOff:
    """An event that was called off, and the first, by sequence, whose bookings were confirmed.

    `owed_total` is in minor units and counts every ticket sold.
    """

    event: Event
    owed: Sequence[Booking]
    owed_total: int


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Who is owed what for an event that was called off, or a part of them, by sequence.

    `owed` are bookings that were confirmed when it was called off, ended or not yet: while
    `finishing`, some are still to be ended. `owed_total` is that of the whole event.
    """

    owed: Sequence[Booking]
    owed_total: int | None
    finishing: bool


Outcome = Event | EventResult | CalledOff | BookingResult | TransferOffer | None | DomainError


def id_of(outcome: Outcome) -> str | None:
    """Return the id of the event or booking that was made or changed; None for a refusal."""
    match outcome:
        case Event():
            return outcome.id
        case BookingResult():
            return outcome.booking.id
        case EventResult() | CalledOff():
            return outcome.event.id
        case _:
            return None


def customers_in(outcome: Outcome) -> frozenset[str]:
    """Return the ids of all customers whom an answer to this may name."""
    shown: list[Booking] = []
    if isinstance(outcome, BookingResult | EventResult):
        shown += outcome.assigned
    if isinstance(outcome, BookingResult | TransferOffer):
        shown.append(outcome.booking)
    if isinstance(outcome, CalledOff):
        shown += outcome.owed
    return frozenset(booking.customer.id for booking in shown if booking.customer)

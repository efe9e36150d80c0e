"""Compares what is stored with what the audit has come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ticketing.domain.bookings import Booking
from ticketing.domain.events import Event
from ticketing.domain.verification.replayed import Replayed
from ticketing.domain.verification.replayed import stored as as_stored
from ticketing.domain.verification.replaying import Model


@dataclass(frozen=True, slots=True)
class Found:
    """What counts of a booking that is stored."""

    status: str
    customer: str | None
    tickets: int
    total: int | None
    sequence: int

    @classmethod
    def of(cls, booking: Booking | Replayed) -> Found:
        """Return what counts of a booking, as it is stored or as the audit has it."""
        customer = booking.customer
        return cls(
            booking.status,
            customer if customer is None or isinstance(customer, str) else customer.id,
            booking.tickets,
            booking.total,
            booking.sequence,
        )

    @property
    def holder(self) -> str | None:
        """Whose one active booking of the event it is."""
        return self.customer if self.status != "cancelled" else None


@dataclass(slots=True)
class Totals:
    """What the bookings of an event come to."""

    sold: int = 0
    bookings: int = 0
    waiting: int = 0
    revenue: int = 0

    def add(self, found: Found, sign: int = +1) -> None:
        """Count a booking, or with the sign -1 no more."""
        if found.status == "waiting":
            self.waiting += sign
        if found.status == "confirmed":
            self.sold += sign * found.tickets
            self.bookings += sign * (found.customer is not None)
            self.revenue += sign * (found.total or 0)


def missing(id_: str) -> str:
    """Return the sentence on a booking that the audit knows and that is not stored."""
    return f"booking {id_}: it is in the trail but not there"


def held_twice(customer: str, count: int) -> str:
    """Return the sentence on a customer who has more than one active booking of the event."""
    return f"customer {customer} has {count} active bookings"


def booking_differences(booking: Booking, replayed: Replayed | None) -> Iterator[str]:
    """Return, one sentence each, what of a stored booking is not as the audit has it."""
    if replayed is None:
        yield f"booking {booking.id}: the trail does not know it"
        return
    is_ = as_stored(booking, replayed)
    for name in Replayed.__slots__:
        if getattr(is_, name) != getattr(replayed, name):
            yield (
                f"booking {booking.id}: {name} is {getattr(is_, name)}, "
                f"the trail says {getattr(replayed, name)}"
            )


def event_differences(
    model: Model, event: Event, totals: Totals, head: Found | None, head_id: str
) -> Iterator[str]:
    """Return, one sentence each, what of a stored event is not as bookings and audit have it.

    `head` is the first of the stored bookings that wait, if any does.
    """
    for name in ("sold", "bookings", "waiting", "revenue"):
        number = getattr(totals, name)
        if getattr(event, name) != number:
            yield f"counter {name} is {getattr(event, name)}, the bookings come to {number}"
    if event.sequence != model.sequence:
        yield f"counter sequence is {event.sequence}, the trail ends at {model.sequence}"
    if event.head != model.head:
        yield f"event: its head is {event.head}, the trail's is {model.head}"
    if event.owed_total != model.owed_total:
        yield f"event: owed_total is {event.owed_total}, the trail comes to {model.owed_total}"
    if event.ever_booked != model.ever_booked:
        yield f"event: ever_booked is {event.ever_booked}, the trail says {model.ever_booked}"
    for name, moment in (("created_at", model.first_at), ("updated_at", model.last_at)):
        # What a version of before has not noted yet is None.
        if getattr(event, name) not in (moment, None):
            yield f"event: {name} is {getattr(event, name)}, the trail says {moment}"
    for name, value in model.details.items():
        if getattr(event, name) != value:
            yield f"event: {name} is {getattr(event, name)}, the trail says {value}"
    yield from _waiting_differences(model, event, totals, head, head_id)


def _waiting_differences(
    model: Model, event: Event, totals: Totals, head: Found | None, head_id: str
) -> Iterator[str]:
    if event.status != "scheduled":
        if totals.waiting or event.sold:
            yield "event: it is called off, but not all of its bookings are cancelled yet"
        return
    if event.day is not None and model.last_at is not None and event.day <= model.last_at.date():
        return  # it may have been over, in some timezone, when tickets came free: nobody is served
    if head is not None and head.tickets <= event.available:
        yield f"waiting list: {event.available} tickets are free, and booking {head_id} waits"

"""Proves that an event's counters, its bookings and its audit agree, all of them in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.events import Event
from ticketing.domain.verification.comparing import (
    Found,
    Totals,
    booking_differences,
    event_differences,
    held_twice,
    missing,
)
from ticketing.domain.verification.replaying import Model, replay


def differences(
    event: Event, bookings: Collection[Booking], trail: Iterable[AuditEntry]
) -> Iterator[str]:
    """Return, one sentence each, where the event, its bookings and its audit don't agree.

    `trail` is in the order of its sequence.
    """
    model = Model()
    for entry in trail:
        yield from replay(model, entry)
    totals = Totals()
    stored = {booking.id: Found.of(booking) for booking in bookings}
    for booking in bookings:
        totals.add(stored[booking.id])
        yield from booking_differences(booking, model.bookings.get(booking.id))
    for id_ in sorted(model.bookings.keys() - stored.keys()):
        yield missing(id_)
    holders = Counter(found.holder for found in stored.values() if found.holder)
    for customer, count in sorted(holders.items()):
        if count > 1:
            yield held_twice(customer, count)
    waiting = [(found.sequence, id_) for id_, found in stored.items() if found.status == "waiting"]
    head = min(waiting, default=(0, ""))[1]
    yield from event_differences(model, event, totals, stored.get(head), head)

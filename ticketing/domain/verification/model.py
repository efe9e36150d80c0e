"""Proves that an event's counters, its bookings and its audit agree.

The audit is replayed by a model of its own, which knows what each action does to a booking but
shares no code with the rules: a fault in the rules can't hide itself here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.events import Event
from ticketing.domain.verification.changes import faults_of_booking, faults_of_event
from ticketing.domain.verification.replayed import (
    Replayed,
    acquired_after,
    due,
    is_offered,
)
from ticketing.domain.verification.replayed import (
    stored as as_stored,
)

_MAKES = {
    "sold": "confirmed",
    "booked": "confirmed",
    "moved_in": "confirmed",
    "waitlisted": "waiting",
}
_ENDS = {"cancelled", "returned"}
_OF_THE_EVENT = {"created", "changed", "replaced", "deleted", "called_off"}


@dataclass(slots=True)
class _Model:
    details: dict[str, Any] = field(default_factory=lambda: {"status": "scheduled"})
    bookings: dict[str, Replayed] = field(default_factory=dict)
    # Ids of those who wait; a dict keeps the order in which they came.
    queue: dict[str, None] = field(default_factory=dict)
    sold: int = 0
    revenue: int = 0
    sequence: int = 0
    owed_total: int | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    ever_booked: bool = False


def differences(
    event: Event, bookings: Iterable[Booking], trail: Iterable[AuditEntry]
) -> Iterator[str]:
    """Return, one sentence each, where the event, its bookings and its audit don't agree.

    `trail` is in the order of its sequence.
    """
    model = _Model()
    for entry in trail:
        for fault in _replay(model, entry):
            yield f"audit entry {entry.sequence} ({entry.action}): {fault}"
    stored = {booking.id: booking for booking in bookings}
    yield from _compare_bookings(model, stored)
    yield from _compare_event(model, event, stored)


def _replay(model: _Model, entry: AuditEntry) -> Iterator[str]:
    if entry.sequence != model.sequence + 1:
        yield f"comes after entry {model.sequence}"
    model.sequence = entry.sequence
    model.first_at, model.last_at = model.first_at or entry.at, entry.at

    if entry.action in _OF_THE_EVENT:
        yield from faults_of_event(entry, model.details)
        model.details |= {name: new for name, (_, new) in entry.changes.items()}
        if entry.action == "called_off":
            model.owed_total = model.revenue
    else:
        model.ever_booked = True
        yield from _replay_booking(model, entry)

    capacity = model.details.get("capacity", 0)
    if not 0 <= entry.sold <= capacity:
        yield f"{entry.sold} tickets sold of {capacity}"
    if entry.sold != model.sold:
        yield f"says {entry.sold} tickets are sold; the entries before it come to {model.sold}"
    if entry.waiting != len(model.queue):
        yield f"says {entry.waiting} wait; the entries before it come to {len(model.queue)}"


def _replay_booking(model: _Model, entry: AuditEntry) -> Iterator[str]:
    id_, action = entry.booking or "", entry.action
    old = model.bookings.get(id_)
    if (old is None) != (action in _MAKES):
        yield f"booking {id_} " + ("is not there yet" if old is None else "is there already")
    if action in ("sold", "booked", "added", "moved_in") and model.queue:
        yield f"booking {id_} got tickets while others waited"
    if action == "assigned" and next(iter(model.queue), None) != id_:
        yield f"booking {id_} got tickets before the head of the list"
    if old is not None and old.status == "cancelled":
        yield f"booking {id_} was cancelled before"

    yield from faults_of_booking(entry, old)

    price = model.details.get("price", 0)
    if action == "assigned":
        # Before there was a price that is kept for those who wait, they paid today's.
        seen = old.price if old and old.price is not None else price
        allowed = {price, min(price, seen)}
        if entry.total not in {(entry.tickets or 0) * each for each in allowed}:
            yield f"booking {id_} costs {entry.total}, a ticket {sorted(allowed)}"
    elif entry.total != (ought := due(entry, old, price)):
        yield f"booking {id_} costs {entry.total}; {ought} is due"

    status = _MAKES.get(action) or (old.status if old else "confirmed")
    if action == "assigned":
        status = "confirmed"
    elif action in _ENDS:
        status = "cancelled"
    new = Replayed(
        status,
        entry.customer.id if entry.customer else None,
        entry.tickets or 0,
        entry.total,
        old.sequence if old else entry.sequence,
        old.created_at if old else None if action == "moved_in" else entry.at,
        entry.at if status == "cancelled" else None,
        _reason(entry) if status == "cancelled" else None,
        old.sold_by if old else entry.actor if action == "sold" else None,
        entry.actor if action == "returned" else None,
        price if action == "waitlisted" else old.price if old else None,
        is_offered(entry, old),
        acquired_after(entry, old),
    )
    if (new.reason == "called_off") != (status == model.details["status"] == "cancelled"):
        yield f"booking {id_} ended as {new.reason}, of an event that is {model.details['status']}"
    _count(model, old, -1)
    if action == "moved_out":
        model.bookings.pop(id_, None)
        return
    _count(model, new, +1)
    model.bookings[id_] = new
    if status == "waiting":
        model.queue.setdefault(id_)
    else:
        model.queue.pop(id_, None)


def _reason(entry: AuditEntry) -> str | None:
    """Return why an entry ended a booking: by whose hand, or with the event."""
    _, reason = entry.changes.get("reason", (None, None))
    return str(reason) if reason is not None else None


def _count(model: _Model, booking: Replayed | None, sign: int) -> None:
    if booking is not None and booking.status == "confirmed":
        model.sold += sign * booking.tickets
        model.revenue += sign * (booking.total or 0)


def _compare_bookings(model: _Model, stored: Mapping[str, Booking]) -> Iterator[str]:
    for id_ in sorted(stored.keys() - model.bookings.keys()):
        yield f"booking {id_}: the trail does not know it"
    for id_ in sorted(model.bookings.keys() - stored.keys()):
        yield f"booking {id_}: it is in the trail but not there"
    holders = Counter(b.customer.id for b in stored.values() if b.customer and b.active)
    for customer, count in sorted(holders.items()):
        if count > 1:
            yield f"customer {customer} has {count} active bookings"
    for id_ in sorted(stored.keys() & model.bookings.keys()):
        booking, told = stored[id_], model.bookings[id_]
        is_ = as_stored(booking, told)
        for name in Replayed.__slots__:
            if getattr(is_, name) != getattr(told, name):
                yield (
                    f"booking {id_}: {name} is {getattr(is_, name)}, "
                    f"the trail says {getattr(told, name)}"
                )


def _compare_event(model: _Model, event: Event, stored: Mapping[str, Booking]) -> Iterator[str]:
    confirmed = [b for b in stored.values() if b.status == "confirmed"]
    counted = {
        "sold": sum(b.tickets for b in confirmed),
        "bookings": sum(1 for b in confirmed if b.customer),
        "waiting": sum(1 for b in stored.values() if b.status == "waiting"),
        "revenue": sum(b.total or 0 for b in confirmed),
    }
    for name, number in counted.items():
        if getattr(event, name) != number:
            yield f"counter {name} is {getattr(event, name)}, the bookings come to {number}"
    if event.sequence != model.sequence:
        yield f"counter sequence is {event.sequence}, the trail ends at {model.sequence}"
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
    yield from _compare_waiting(event, stored, model.last_at)


def _compare_waiting(
    event: Event, stored: Mapping[str, Booking], last_at: datetime | None
) -> Iterator[str]:
    waiting = [b for b in stored.values() if b.status == "waiting"]
    if event.status != "scheduled":
        if waiting or event.sold:
            yield "event: it is called off, but not all of its bookings are cancelled yet"
        return
    if event.day is not None and last_at is not None and event.day <= last_at.date():
        return  # it may have been over, in some timezone, when tickets came free: nobody is served
    head = min(waiting, key=lambda booking: booking.sequence, default=None)
    if head is not None and head.tickets <= event.available:
        yield f"waiting list: {event.available} tickets are free, and booking {head.id} waits"

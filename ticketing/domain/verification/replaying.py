"""Replays the audit of an event, entry by entry.

The model is one of its own, which knows what each action does to a booking but shares no code with
the rules: a fault in the rules can't hide itself here. What the chain is has no second definition
(`ticketing.domain.changes.chain`); docs/operations.md has it once more, for others, and a test.

The model need not hold all of an event: for so many entries it takes the bookings that these name
and so many of those who wait, the first of them and one more, and leaves what has come of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ticketing.domain.audit import AuditEntry
from ticketing.domain.changes.chain import Head, next_head
from ticketing.domain.verification.changes import faults_of_booking, faults_of_event
from ticketing.domain.verification.replayed import Replayed, acquired_after, due, is_offered

_MAKES = {
    "sold": "confirmed",
    "booked": "confirmed",
    "moved_in": "confirmed",
    "waitlisted": "waiting",
}
_ENDS = {"cancelled", "returned"}
_OF_THE_EVENT = {"created", "changed", "replaced", "deleted", "called_off"}


@dataclass(slots=True)
class Model:
    """An event as its audit has it, after entry number `sequence`.

    `bookings` and `queue` are what the next entries need of them; `waiting` counts all who wait.
    `head` is that of the last entry that has a hash.
    """

    details: dict[str, object] = field(default_factory=lambda: {"status": "scheduled"})
    bookings: dict[str, Replayed] = field(default_factory=dict)
    # Ids of those who wait, in the order in which they came, each with its place in it.
    queue: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    last_place: int = 0
    sold: int = 0
    revenue: int = 0
    sequence: int = 0
    owed_total: int | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    ever_booked: bool = False
    head: Head | None = None

    @property
    def capacity(self) -> int:
        """How many tickets there are, 0 before an entry has told."""
        return _number(self.details.get("capacity"))

    @property
    def price(self) -> int:
        """What a ticket costs in minor units, 0 before an entry has told."""
        return _number(self.details.get("price"))


def replay(model: Model, entry: AuditEntry) -> Iterator[str]:
    """Bring the model on by one entry; return what that entry says wrongly, one sentence each."""
    for fault in _replay(model, entry):
        yield f"audit entry {entry.sequence} ({entry.action}): {fault}"


def _replay(model: Model, entry: AuditEntry) -> Iterator[str]:
    if entry.sequence != model.sequence + 1:
        yield f"comes after entry {model.sequence}"
    model.sequence = entry.sequence
    model.first_at, model.last_at = model.first_at or entry.at, entry.at

    yield from _follow_chain(model, entry)
    if entry.action in _OF_THE_EVENT:
        yield from faults_of_event(entry, model.details)
        model.details |= {name: new for name, (_, new) in entry.changes.items()}
        if entry.action == "called_off":
            model.owed_total = model.revenue
    else:
        model.ever_booked = True
        yield from _replay_booking(model, entry)

    if not 0 <= entry.sold <= model.capacity:
        yield f"{entry.sold} tickets sold of {model.capacity}"
    if entry.sold != model.sold:
        yield f"says {entry.sold} tickets are sold; the entries before it come to {model.sold}"
    if entry.waiting != model.waiting:
        yield f"says {entry.waiting} wait; the entries before it come to {model.waiting}"


def _follow_chain(model: Model, entry: AuditEntry) -> Iterator[str]:
    """Compare an entry's hash with what it and the one that it follows come to.

    An entry without one was written by a version of before, or so it seems: the next one that has
    a hash tells, because that covers which entry it follows.
    """
    if entry.hash is None:
        return
    ought = next_head(model.head, entry).hash
    if entry.hash != ought:
        after = f"after entry {model.head.sequence}" if model.head else "as the first"
        yield f"its hash is {entry.hash}; {after} in the chain it comes to {ought}"
    # From here on by what is stored, so that one fault is told once.
    model.head = Head(entry.sequence, entry.hash)


def _replay_booking(model: Model, entry: AuditEntry) -> Iterator[str]:
    id_, action = entry.booking or "", entry.action
    old = model.bookings.get(id_)
    if (old is None) != (action in _MAKES):
        yield f"booking {id_} " + ("is not there yet" if old is None else "is there already")
    if action in ("sold", "booked", "added", "moved_in") and model.waiting:
        yield f"booking {id_} got tickets while others waited"
    if action == "assigned" and next(iter(model.queue), None) != id_:
        yield f"booking {id_} got tickets before the head of the list"
    if old is not None and old.status == "cancelled":
        yield f"booking {id_} was cancelled before"

    yield from faults_of_booking(entry, old)

    price = model.price
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
        _join(model, id_)
    else:
        _leave(model, id_)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _reason(entry: AuditEntry) -> str | None:
    """Return why an entry ended a booking: by whose hand, or with the event."""
    _, reason = entry.changes.get("reason", (None, None))
    return str(reason) if reason is not None else None


def _count(model: Model, booking: Replayed | None, sign: int) -> None:
    if booking is not None and booking.status == "confirmed":
        model.sold += sign * booking.tickets
        model.revenue += sign * (booking.total or 0)


def _join(model: Model, id_: str) -> None:
    if id_ not in model.queue:
        model.last_place += 1
        model.queue[id_] = model.last_place
        model.waiting += 1


def _leave(model: Model, id_: str) -> None:
    if model.queue.pop(id_, None) is not None:
        model.waiting -= 1

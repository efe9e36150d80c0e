"""Verifies one event, of any size, in steps.

Each step reads from a snapshot of its own, and never more than `AT_ONCE` documents of a kind:

    the entries that have come since the last step     replayed
    once there are no more of them as of this moment:
    the next bookings in the order of their sequence   compared with what the audit has them at
    once there are no more of them either:
    the event                                          compared with both

So whatever is compared is as of one moment, though the steps are not, and sales may go on. Where a
booking is changed after it has been compared, its entry comes with a later step, and changes what
it counts for as it changed the booking. New bookings have the highest sequences, and are met on the
way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pymongo.client_session import ClientSession

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.events import Event
from ticketing.domain.statistics import MonthFigures
from ticketing.domain.verification.comparing import (
    Found,
    Totals,
    booking_differences,
    event_differences,
    held_twice,
    missing,
)
from ticketing.domain.verification.replayed import Replayed
from ticketing.domain.verification.replaying import Model, replay
from ticketing.services.verification.reading import Reading
from ticketing.services.verification.scratch import Scratch
from ticketing.storage import audit, bookings, customers, events
from ticketing.storage.documents import UnreadableDocument
from ticketing.storage.driver.clients import Database

# About 2 MB, read in less than a second: far less than the minutes for which MongoDB keeps a
# snapshot.
AT_ONCE = 2_000


@dataclass(slots=True)
class _Step:
    """What one step has read, all as of one moment."""

    entries: Sequence[AuditEntry] = ()
    booked: Sequence[Booking] = ()
    unknown: Collection[str] = ()
    unreadable: list[UnreadableDocument] = field(default_factory=list)
    is_last: bool = False
    event: Event | None = None
    month: MonthFigures | None = None


def differences_of_event(
    db: Database, id_: str, scratch: Scratch, reading: Reading, at_once: int = AT_ONCE
) -> Iterator[str]:
    """Return, one sentence each, what differs of an event, which may be there or not."""
    try:
        if events.find(db, id_) is None:
            reading.add(entries=audit.count(db, id_))
            yield "there is no such event"
            return
        reading.add(events=1)
    except UnreadableDocument as spoilt:
        reading.add(events=1)
        yield spoilt.description
        return
    scratch.clear()
    verification = EventVerification(db, id_, scratch, reading, at_once)
    try:
        while not verification.is_complete:
            yield from verification.step()
            reading.between()
    except UnreadableDocument as spoilt:
        yield spoilt.description


class EventVerification:
    """The verification of one event, from its first entry."""

    def __init__(
        self, db: Database, id_: str, scratch: Scratch, reading: Reading, at_once: int
    ) -> None:
        self._db = db
        self._id = id_
        self._scratch = scratch
        self._reading = reading
        self._at_once = at_once
        self._entries = audit.walk(db, id_)
        self._bookings = bookings.walk(db, id_)
        self._model = Model()
        self._totals = Totals()
        self.is_complete = False

    def step(self) -> Iterator[str]:
        """Go on by one step; return, one sentence each, what differs."""
        with self._db.client.start_session(snapshot=True) as session:
            read = self._read(session)
        yield from (error.description for error in read.unreadable)
        yield from self._replay(read.entries)
        yield from self._compare(read.booked)
        self._scratch.note_unknown(read.unknown)
        if read.is_last:
            yield from self._conclude(read)
            self.is_complete = True

    def _read(self, session: ClientSession) -> _Step:
        entries = self._entries.go_on(self._at_once, session)
        step = _Step(entries.values, unreadable=entries.unreadable)
        if not entries.are_last:
            return step
        booked = self._bookings.go_on(self._at_once, session)
        step.booked = booked.values
        step.unreadable += booked.unreadable
        named = customers.ids_of(step.booked)
        step.unknown = customers.missing(self._db, named, session, step.unreadable)
        if booked.are_last:
            step.is_last = True
            step.event = events.find(self._db, self._id, session)
            step.month = self._month(step.event, session)
        return step

    def _month(self, event: Event | None, session: ClientSession) -> MonthFigures | None:
        """Gather the figures of the day of an event that counts in them."""
        if event is None or event.status != "scheduled" or event.day is None:
            return None
        year, month = event.day.year, event.day.month
        figures = events.monthly_in(self._db, event.day, event.day, session)
        return figures.get((year, month), MonthFigures(year, month, 0, ()))

    def _replay(self, entries: Sequence[AuditEntry]) -> Iterator[str]:
        ids = {entry.booking or "" for entry in entries}
        self._scratch.load(self._model, ids, len(entries))
        for entry in entries:
            yield from replay(self._model, entry)
            self._reading.add(entries=1, unchained=entry.hash is None)
        self._scratch.save(self._model, ids)
        replayed = self._model.bookings
        self._count({id_: _counting(replayed.get(id_)) for id_ in self._scratch.found(ids)})

    def _compare(self, booked: Sequence[Booking]) -> Iterator[str]:
        replayed = self._scratch.replayed(booking.id for booking in booked)
        for booking in booked:
            yield from booking_differences(booking, replayed.get(booking.id))
            self._reading.add(compared=1)
        self._count({booking.id: Found.of(booking) for booking in booked})

    def _count(self, found: Mapping[str, Found | None]) -> None:
        """Note what bookings count for from now on: nothing (None) where they left the event."""
        for before in self._scratch.found(found).values():
            self._totals.add(before, -1)
        for now in found.values():
            if now is not None:
                self._totals.add(now)
        self._scratch.note_found(found)

    def _conclude(self, read: _Step) -> Iterator[str]:
        """Compare what only all of the event tells."""
        yield from map(missing, self._scratch.missing())
        for customer, count in self._scratch.held_twice():
            yield held_twice(customer, count)
        for walk in (self._entries, self._bookings):
            yield from (error.description for error in walk.unordered())
        if read.event is None:
            yield "there is no such event"
            return
        head_id, head = self._scratch.head() or ("", None)
        yield from event_differences(self._model, read.event, self._totals, head, head_id)
        if read.month is not None:
            yield from self._statistics(read.event, read.month)
        for customer in self._scratch.unknown():
            yield f"customer {customer}: a booking names them, and they are not there"

    def _statistics(self, event: Event, month: MonthFigures) -> Iterator[str]:
        """Compare the event's part of its month's figures with what its bookings come to."""
        revenue, sold = self._totals.revenue, self._totals.sold
        if (month.revenue, list(month.attendance)) != (revenue, [(sold, event.capacity)]):
            yield (
                f"statistics: revenue {month.revenue} and attendance {list(month.attendance)}, "
                f"the bookings come to {revenue} and {sold} of {event.capacity}"
            )


def _counting(replayed: Replayed | None) -> Found | None:
    return Found.of(replayed) if replayed is not None else None

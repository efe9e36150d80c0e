"""`verify`: compares what is stored with what the audit tells, on a running service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pymongo.client_session import ClientSession

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.events import Event
from ticketing.domain.statistics import MonthFigures
from ticketing.domain.verification.model import differences
from ticketing.services import stored_responses
from ticketing.storage import audit, bookings, customers, events
from ticketing.storage.documents import UnreadableDocument
from ticketing.storage.driver import fitness
from ticketing.storage.driver.clients import Database
from ticketing.storage.migrations import schema


@dataclass(slots=True)
class Reading:
    """How much has been read; `told` is called as it goes on."""

    events: int = 0
    entries: int = 0
    told: Callable[[Reading], None] = lambda _: None

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to be read."""
        return not (self.events or self.entries)

    def __str__(self) -> str:
        events = "event" if self.events == 1 else "events"
        entries = "entry" if self.entries == 1 else "entries"
        return f"{self.events} {events} and {self.entries} audit {entries}"

    def counted(self, entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
        """Return the entries on, and count them."""
        for entry in entries:
            self.entries += 1
            self.told(self)
            yield entry


def verify(
    db: Database, event_id: str | None = None, reading: Reading | None = None
) -> Iterator[tuple[str, str]]:
    """Return (event id, what differs) for each difference, of all events or of one.

    `reading` is told what is read. What concerns the whole database comes last, under "": where
    there is nothing in it, nothing can be missing.

    Each event is read from a single moment (a snapshot), so sales may go on meanwhile. It is held
    in memory while it is compared: about 1 kB for each of its bookings.
    """
    reading = reading or Reading()
    for id_ in [event_id] if event_id is not None else events.all_ids(db):
        with db.client.start_session(snapshot=True) as session:
            unreadable: list[UnreadableDocument] = []
            trail = reading.counted(audit.replay(db, id_, session, unreadable))
            try:
                event = events.find(db, id_, session)
            except UnreadableDocument as spoilt:
                reading.events += 1
                yield str(id_), spoilt.told
                continue
            if event is None:
                for _ in trail:
                    pass
                yield id_, "there is no such event"
                continue
            reading.events += 1
            booked = bookings.of_event(db, id_, session, unreadable)
            for difference in differences(event, booked, trail):
                yield id_, difference
            for error in unreadable:
                yield id_, error.told
            for difference in _statistics(db, event, booked, session):
                yield id_, difference
            for missing in sorted(_unknown_customers(db, booked, session)):
                yield id_, f"customer {missing}: a booking names them, and they are not there"
    if event_id is None:
        yield from _strays(db)
        for sentence in schema.misfits(db):
            yield "", sentence
        for sentence in stored_responses.invented(db):
            yield "", sentence
    if not reading.is_empty:
        for sentence in fitness.look(db).sentences:
            yield "", sentence


def _statistics(
    db: Database, event: Event, booked: Sequence[Booking], session: ClientSession
) -> Iterator[str]:
    """Compare the event's part of its month's figures with what its bookings come to."""
    if event.status != "scheduled" or event.day is None:
        return
    month = events.monthly_in(db, event.day, event.day, session).get(
        (event.day.year, event.day.month), MonthFigures(event.day.year, event.day.month, 0, ())
    )
    confirmed = [booking for booking in booked if booking.status == "confirmed"]
    revenue = sum(booking.total or 0 for booking in confirmed)
    sold = sum(booking.tickets for booking in confirmed)
    if (month.revenue, list(month.attendance)) != (revenue, [(sold, event.capacity)]):
        yield (
            f"statistics: revenue {month.revenue} and attendance {list(month.attendance)}, "
            f"the bookings come to {revenue} and {sold} of {event.capacity}"
        )


def _unknown_customers(db: Database, booked: Sequence[Booking], session: ClientSession) -> set[str]:
    named = customers.ids_of(booked)
    return named - customers.find_many(db, named, session).keys()


def _strays(db: Database) -> Iterator[tuple[str, str]]:
    """Find what belongs to no event."""
    known = set(map(str, events.all_ids(db)))
    for name, found in (("bookings", bookings.event_ids(db)), ("audit", audit.event_ids(db))):
        for id_ in sorted(found - known):
            yield id_, f"{name}: there is no such event"

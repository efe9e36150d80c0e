"""`verify`: compares what is stored with what the trail tells, on a running service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pymongo.client_session import ClientSession

from ticketing.domain.bookings import Booking
from ticketing.domain.events import Event
from ticketing.domain.statistics import MonthFigures
from ticketing.domain.verification import differences
from ticketing.storage import audit, bookings, events, fitness, schema
from ticketing.storage.clients import Database
from ticketing.storage.documents import UnreadableDocument


def verify(db: Database, event_id: str | None = None) -> Iterator[tuple[str, str]]:
    """Give (event id, what differs) for each difference, of all events or of one.

    What concerns the whole database comes first, under "".

    Each event is read from a single moment (a snapshot), so sales may go on meanwhile. It is held
    in memory while it is compared: about 1 kB for each of its bookings.
    """
    for sentence in fitness.look(db).sentences:
        yield "", sentence
    for id_ in [event_id] if event_id is not None else events.all_ids(db):
        with db.client.start_session(snapshot=True) as session:
            try:
                event = events.find(db, id_, session)
            except UnreadableDocument as spoilt:
                yield str(id_), spoilt.told
                continue
            if event is None:
                yield id_, "there is no such event"
                continue
            unreadable: list[UnreadableDocument] = []
            booked = bookings.of_event(db, id_, session, unreadable)
            trail = audit.replay(db, id_, session, unreadable)
            for difference in differences(event, booked, trail):
                yield id_, difference
            for error in unreadable:
                yield id_, error.told
            for difference in _statistics(db, event, booked, session):
                yield id_, difference
    if event_id is None:
        yield from _strays(db)
        for sentence in schema.misfits(db):
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


def _strays(db: Database) -> Iterator[tuple[str, str]]:
    """Find what belongs to no event."""
    known = set(map(str, events.all_ids(db)))
    for name, found in (("bookings", bookings.event_ids(db)), ("audit", audit.event_ids(db))):
        for id_ in sorted(found - known):
            yield id_, f"{name}: there is no such event"

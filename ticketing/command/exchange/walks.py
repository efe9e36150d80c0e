"""Through all there is of something, a page at a time.

Each page is a read of its own, and the next one begins after the last row: nothing of MongoDB is
kept in between, so a walk may take as long as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.events import Event
from ticketing.domain.places import Place, Row, settled_before
from ticketing.server import running
from ticketing.storage import audit, bookings, events
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.lists import sales

T = TypeVar("T")

PAGE = 1000


def by_time(
    page: Callable[[Place, int], Sequence[T]], row_of: Callable[[T], Row]
) -> Iterator[Sequence[T]]:
    """Return the pages of a list by time, with what turns up meanwhile."""
    commit_s = running.settings_for_trying_out().commit_timeout_s
    place = Place()
    while found := page(place, PAGE):
        yield found
        settled: datetime = settled_before(utc_now(), commit_s)
        place = place.after([row_of(one) for one in found], settled)


def by_sequence(
    page: Callable[[int, int], Sequence[T]], sequence_of: Callable[[T], int]
) -> Iterator[Sequence[T]]:
    """Return the pages of a list of one event."""
    after = 0
    while found := page(after, PAGE):
        yield found
        after = sequence_of(found[-1])


def events_by_day(db: Database, wanted: events.Filter) -> Iterator[Sequence[Event]]:
    """Return events by day, those without one first."""
    after: events.Place | None = None
    while found := events.page_by_day(db, wanted, after, PAGE).found:
        yield found
        after = found[-1].day, found[-1].id


def all_bookings(db: Database, event: str | None) -> Iterator[Sequence[Booking]]:
    """Return customers' bookings by time, those of one event by sequence."""
    wanted = bookings.Filter(event)
    return _walk(
        partial(bookings.page, db, wanted), partial(bookings.page_of_event, db, wanted), event
    )


def all_sales(db: Database, event: str | None) -> Iterator[Sequence[Booking]]:
    """Return sales over the counter by time, those of one event by sequence."""
    wanted = sales.Filter(event)
    return _walk(partial(sales.page, db, wanted), partial(sales.page_of_event, db, wanted), event)


def _walk(
    page: Callable[[Place, int], Sequence[Booking]],
    page_of_event: Callable[[int, int], Sequence[Booking]],
    event: str | None,
) -> Iterator[Sequence[Booking]]:
    if event is None:
        return by_time(page, bookings.row_of)
    return by_sequence(page_of_event, lambda booking: booking.sequence)


def audit_of(db: Database, event: str) -> Iterator[Sequence[AuditEntry]]:
    """Return an event's audit from its first entry."""
    return by_sequence(
        lambda after, limit: audit.page(db, event, None, None, after, limit),
        lambda entry: entry.sequence,
    )

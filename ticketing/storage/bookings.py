"""Bookings in MongoDB, box-office sales (bookings without a customer) among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args

from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession
from pymongo.cursor import Cursor

from ticketing.domain.bookings import Booking, BookingStatus
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.errors import BookingNotFound, EventNotFound, TransactionNotFound
from ticketing.domain.events import Event
from ticketing.domain.places import EventPosition, Place, Row
from ticketing.storage import events
from ticketing.storage.customers import (
    OF_A_CUSTOMER,
    OF_NOBODY,
    any_of,
    attach,
    of_customer,
    of_customers,
)
from ticketing.storage.documents import (
    AT_ONCE,
    BOOKINGS,
    first_matching,
    first_readable,
    read,
    read_what_can_be,
)
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading
from ticketing.storage.lists.by_sequence import Walk
from ticketing.storage.migrations.schema import ACTIVE, BY_TIME, OWED, WAITING

_NAME = "bookings"

_NEWEST_FIRST = [(field, DESCENDING) for field, _ in BY_TIME]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which bookings to list; None stands for any, `customer` is an id."""

    event: str | None = None
    customer: str | None = None
    status: str | None = None


def named_or_held(
    event: str, ids: Collection[str], customers: Collection[str], acquirers: Collection[str] = ()
) -> Document | None:
    """Select these bookings of the event, and the active ones of these customers; None for nothing.

    Of `acquirers` also the active ones that they passed on, or a part of them.
    """
    meant: list[Document] = []
    if ids:
        meant.append({"_id": {"$in": list(ids)}, "event": event})
    if customers:
        meant.append({"event": event, **of_customers(customers), **ACTIVE})
    if acquirers:
        passed_on = {"shares.customer": {"$in": list(acquirers), "$type": "string"}}
        meant.append({"event": event, **passed_on, **ACTIVE})
    return any_of(meant)


def find_held(
    db: Database, event: str, customers: Collection[str], session: ClientSession
) -> dict[str, Booking]:
    """Find the active bookings of these customers for an event, by id."""
    return read_many(db.bookings.find(named_or_held(event, (), customers), session=session))


def read_many(documents: Iterable[Document]) -> dict[str, Booking]:
    """Return bookings by id."""
    return {booking.id: booking for booking in map(_read, documents)}


@reading
def find_offered(db: Database, digest: str) -> str | None:
    """Find the booking that is offered under a code of this digest."""
    document = db.bookings.find_one({"offer": {"$eq": digest, "$type": "string"}}, {"_id": True})
    return document["_id"] if document else None


def first_waiting(
    db: Database, event: str, limit: int, session: ClientSession | None, *, after: int = 0
) -> list[Booking]:
    """List who waits, in order, from the first after a sequence."""
    if not limit:
        return []
    return [_read(document) for document in _waiting(db, event, after, session).limit(limit)]


def _waiting(
    db: Database, event: str, after: int, session: ClientSession | None
) -> Cursor[Document]:
    conditions = {"event": event, **WAITING, "sequence": {"$gt": after}}
    return db.bookings.find(conditions, session=session).sort("sequence", ASCENDING)


def first_active(db: Database, event: str, limit: int, session: ClientSession) -> list[Booking]:
    """List active bookings, sales among them, in the order in which they were made."""
    if not limit:
        return []
    active = _of_both_kinds(event, "confirmed", "waiting")
    found = db.bookings.find(active, session=session)
    return [_read(document) for document in found.sort("sequence", ASCENDING).limit(limit)]


def _of_both_kinds(event: str, *statuses: BookingStatus, **more: object) -> Document:
    """Select an event's bookings, sales among them, of these statuses.

    Each has an index of its kind, and MongoDB merges what it finds in the order of the sequence.
    """
    kinds = (OF_A_CUSTOMER, OF_NOBODY)
    meant = [{"event": event, **kind, "status": status} for kind in kinds for status in statuses]
    return {"$or": [{**each, **more} for each in meant]}


def largest_waiting(
    db: Database, event: str, larger_than: int, limit: int, session: ClientSession
) -> list[Booking]:
    """List the waiting bookings of more tickets than that, the largest first."""
    found = db.bookings.find(
        {"event": event, **WAITING, "tickets": {"$gt": larger_than}}, session=session
    )
    return [_read(document) for document in found.sort("tickets", DESCENDING).limit(limit)]


@reading
def waiting_of(db: Database, customer: str) -> list[Booking]:
    """List what a customer waits for, of all events."""
    return waiting_within(db, customer, None)


def waiting_within(db: Database, customer: str, session: ClientSession | None) -> list[Booking]:
    """List what a customer waits for, as part of a unit of work."""
    found = db.bookings.find({**of_customer(customer), **WAITING}, session=session)
    return list(read_what_can_be(_NAME, found, BOOKINGS.decode))


@reading
def of_customer_whole(db: Database, customer: str) -> list[Booking]:
    """List all bookings that a customer holds or held when they ended, by time."""
    found = db.bookings.find(wanted_by(Filter(customer=customer))).sort(BY_TIME)
    return attach(db, list(read_what_can_be(_NAME, found, BOOKINGS.decode)))


@reading
def has_ahead(db: Database, customer: str, day: date) -> bool:
    """Return whether a customer holds or waits for anything on a day or later, or without a day."""
    return has_ahead_within(db, customer, day, None)


def has_ahead_within(db: Database, customer: str, day: date, session: ClientSession | None) -> bool:
    """Return the same, as part of a unit of work."""
    holds = {**of_customer(customer), **ACTIVE}
    held = db.bookings.find(holds, {"event": True}, session=session)
    ahead = {
        "_id": {"$in": [document["event"] for document in held]},
        "status": "scheduled",
        "$or": [{"day": None}, {"day": {"$gte": day.isoformat()}}],
    }
    return db.events.find_one(ahead, {"_id": True}, session=session) is not None


def count_ahead(db: Database, waiting: Booking, session: ClientSession | None) -> int:
    """Count who waits before a waiting booking: a count over index keys, no documents read."""
    return db.bookings.count_documents(
        {"event": waiting.event, **WAITING, "sequence": {"$lt": waiting.sequence}},
        session=session,
    )


def walk(db: Database, event: str) -> Walk[Booking]:
    """Go through an event's bookings in the order of their sequence, sales and all others."""
    return Walk(db.bookings, event, BOOKINGS.decode)


def event_ids(db: Database) -> set[str]:
    """List the events that bookings name, in words where that is no id."""
    return {id_ if isinstance(id_, str) else repr(id_) for id_ in db.bookings.distinct("event")}


@reading
def event_of(db: Database, id_: str) -> str | None:
    """Find the event that a booking or a sale belongs to."""
    document = db.bookings.find_one({"_id": id_}, {"event": True})
    return read(_NAME, document, lambda fields: fields.text("event")) if document else None


@reading
def get_sale(db: Database, id_: str) -> Booking:
    """Return a box-office sale; raises TransactionNotFound."""
    document = db.bookings.find_one({"_id": id_, "customer": None})
    if document is None:
        raise TransactionNotFound
    return _read(document)


@reading
def get_with_position(db: Database, id_: str, holder: str | None = None) -> BookingResult:
    """Return a customer's booking and, while it waits, its place in the list, from one moment.

    With `holder` only a booking of the customer with this id is found. Raises BookingNotFound.
    """
    with db.client.start_session(snapshot=True) as session:
        return _get_placed(db, id_, holder, session)


@reading
def get_with_event(db: Database, id_: str, holder: str | None) -> tuple[BookingResult, Event]:
    """Return what `get_with_position` does and the booking's event, all from one moment.

    Raises BookingNotFound, EventNotFound.
    """
    with db.client.start_session(snapshot=True) as session:
        held = _get_placed(db, id_, holder, session)
        event = events.find(db, held.booking.event, session)
        if event is None:
            raise EventNotFound
        return held, event


@reading
def waiting_page(db: Database, event: str, after: int, limit: int) -> list[BookingResult]:
    """List who waits after a sequence, with their places in the list, from one moment.

    Whoever's booking can't be read is left out, but keeps their place.
    """
    with db.client.start_session(snapshot=True) as session:
        before: list[object] = []

        def find_first(number: int) -> Iterable[Document]:
            found = list(_waiting(db, event, after, session).limit(number))
            before[:] = [document["_id"] for document in found]
            return found

        waiting = attach(db, first_readable(_NAME, find_first, limit, BOOKINGS.decode), session)
        ahead = count_ahead(db, waiting[0], session) if waiting else 0
    first = ahead + 1 - before.index(waiting[0].id) if waiting else 0
    return [BookingResult(booking, first + before.index(booking.id)) for booking in waiting]


@reading
def page(db: Database, wanted: Filter, after: Place, limit: int) -> list[Booking]:
    """List customers' bookings by time, from the first after a place."""
    conditions = {**wanted_by(wanted), **beyond(after)}

    def find_first(number: int) -> Iterable[Document]:
        return db.bookings.find(conditions).sort(BY_TIME).limit(number)

    return attach(db, first_readable(_NAME, find_first, limit, BOOKINGS.decode))


@reading
def active_of(
    db: Database, customer: str, limit: int
) -> tuple[list[BookingResult], dict[str, Event]]:
    """List what a customer holds or waits for, the newest first, and the events of it by id.

    What waits with its place in the list; all from one moment.
    """
    conditions = {**of_customer(customer), **ACTIVE}
    with db.client.start_session(snapshot=True) as session:

        def find_first(number: int) -> Iterable[Document]:
            found = db.bookings.find(conditions, session=session)
            return found.sort(_NEWEST_FIRST).limit(number)

        active = attach(db, first_readable(_NAME, find_first, limit, BOOKINGS.decode), session)
        known = events.find_all(db, {booking.event for booking in active}, session)
        return [_placed(db, booking, session) for booking in active], known


@reading
def versions_of(db: Database, customer: str, limit: int) -> list[tuple[str, str, int]]:
    """List event, status and number of what `active_of` lists, from an index, no documents read."""
    shown = {"_id": False, "event": True, "status": True, "sequence": True}
    found = db.bookings.find({**of_customer(customer), **ACTIVE}, shown)
    versions = read_what_can_be(
        _NAME,
        found.sort(_NEWEST_FIRST).limit(limit),
        lambda fields: (fields.text("event"), fields.text("status"), fields.whole("sequence")),
    )
    return list(versions)


@reading
def called_off_of(db: Database, customer: str, limit: int) -> list[Booking]:
    """List what a customer held when its event was called off, the newest first.

    No index tells them from what was cancelled otherwise, so one call looks at so many of these.
    """
    conditions = {**of_customer(customer), "status": "cancelled"}

    def find_first(number: int) -> Iterable[Document]:
        found = db.bookings.find(conditions).sort(_NEWEST_FIRST)
        return found.batch_size(AT_ONCE).limit(number)

    found = first_matching(
        _NAME, find_first, limit, BOOKINGS.decode, lambda booking: booking.reason == "called_off"
    )
    return attach(db, found.found)


@reading
def held_by(db: Database, event: str, customer: str) -> BookingResult | None:
    """Find the one active booking that a customer has for an event.

    While it waits with its place in the list, from one moment.
    """
    conditions = {"event": event, **of_customer(customer), **ACTIVE}
    with db.client.start_session(snapshot=True) as session:
        found = db.bookings.find_one(conditions, session=session)
        return _placed(db, _read(found), session) if found else None


@reading
def creation_times(db: Database, ids: Collection[str]) -> dict[str, datetime]:
    """Return when these bookings were made: since when who waited has been in line."""
    found = db.bookings.find({"_id": {"$in": list(ids)}}, {"created_at": True})
    moments = read_what_can_be(
        _NAME, found, lambda fields: (fields.text("_id"), fields.moment("created_at"))
    )
    return dict(moments)


@dataclass(frozen=True, slots=True)
class TicketCounts:
    """An event's tickets and who has them: customers, the counter, and those who wait.

    `sales` is the number of counter sales.
    """

    booked: int = 0
    counter: int = 0
    sales: int = 0
    wanted: int = 0


@reading
def ticket_counts(db: Database, event: str) -> TicketCounts:
    """Add up who has an event's tickets, from one moment.

    Customers have what is sold and was not sold over the counter. So their bookings, which are by
    far the most, are not read, and of those who wait only keys of an index.
    """
    with db.client.start_session(snapshot=True) as session:
        found = events.find(db, event, session)
        counter = _add_up(db, {"event": event, **OF_NOBODY, "status": "confirmed"}, session)
        waiting = _add_up(db, {"event": event, **WAITING}, session)
    sold = found.sold if found is not None else 0
    return TicketCounts(
        sold - counter["tickets"], counter["tickets"], counter["bookings"], waiting["tickets"]
    )


def _add_up(db: Database, conditions: Document, session: ClientSession) -> Mapping[str, int]:
    sums = {"tickets": {"$sum": "$tickets"}, "bookings": {"$sum": 1}}
    rows = db.bookings.aggregate(
        [{"$match": conditions}, {"$group": {"_id": None, **sums}}], session=session
    )
    return next(iter(rows), {"tickets": 0, "bookings": 0})


@reading
def page_of_event(db: Database, wanted: Filter, after: int, limit: int) -> list[Booking]:
    """List customers' bookings of one event, from the first after a sequence."""
    conditions = {**wanted_by(wanted), "sequence": {"$gt": after}}

    def find_first(number: int) -> Iterable[Document]:
        return db.bookings.find(conditions).sort("sequence", ASCENDING).limit(number)

    return attach(db, first_readable(_NAME, find_first, limit, BOOKINGS.decode))


def wanted_by(wanted: Filter) -> Document:
    """Select the bookings of customers that a filter wants."""
    conditions: Document = dict(OF_A_CUSTOMER)
    if wanted.event is not None:
        conditions["event"] = wanted.event
    if wanted.customer is not None:
        conditions |= of_customer(wanted.customer)
    elif wanted.event is None:
        # No booking of a customer has a seller. By it MongoDB knows which index has them by time.
        conditions["sold_by"] = None
    # Each by name: see the indexes for it.
    all_ = {"$in": list(get_args(BookingStatus))}
    conditions["status"] = wanted.status if wanted.status is not None else all_
    return conditions


def beyond(place: Place) -> Document:
    """Select what comes after a place in a list by time."""
    at, event, sequence = place.row
    return {
        # Says nothing that is not said below, but by it MongoDB knows where to begin.
        "created_at": {"$gte": at},
        "$or": [
            {"created_at": {"$gt": at}},
            {"created_at": at, "event": {"$gt": event}},
            {"created_at": at, "event": event, "sequence": {"$gt": sequence}},
        ],
        "$and": [_not_covered(position) for position in place.positions] or [{}],
    }


def _not_covered(position: EventPosition) -> Document:
    at, event, sequence = position.last
    return {
        "$or": [
            {"event": {"$ne": event}},
            {"sequence": {"$gt": position.sequence}},
            {"created_at": {"$gt": at}},
            {"created_at": at, "sequence": {"$gt": sequence}},
        ]
    }


def row_of(booking: Booking) -> Row:
    """Return what a booking is ordered by in a list by time."""
    return Row(booking.created_at, booking.event, booking.sequence)


def owed(
    db: Database, event: Event, after: int, limit: int, session: ClientSession
) -> list[Booking]:
    """List what was confirmed when an event was called off, from the first after a sequence.

    That is what the calling-off has ended, and what it has still to end.
    """
    following: Document = {"$gt": after}
    found = _in_order(db, {"event": event.id, "sequence": following, **OWED}, limit, session)
    if event.sold:
        if len(found) == limit:
            following = {**following, "$lt": found[-1].sequence}
        still = _of_both_kinds(event.id, "confirmed", sequence=following)
        found += _in_order(db, still, limit, session)
    return attach(db, sorted(found, key=lambda b: b.sequence)[:limit], session)


def _in_order(
    db: Database, conditions: Document, limit: int, session: ClientSession
) -> list[Booking]:
    def find_first(number: int) -> Iterable[Document]:
        found = db.bookings.find(conditions, session=session)
        return found.sort("sequence", ASCENDING).limit(number)

    return first_readable(_NAME, find_first, limit, BOOKINGS.decode)


def _get(db: Database, id_: str, holder: str | None, session: ClientSession) -> Booking:
    conditions: Document = {"_id": id_, **OF_A_CUSTOMER}
    if holder is not None:
        conditions |= of_customer(holder)
    document = db.bookings.find_one(conditions, session=session)
    if document is None:
        raise BookingNotFound
    return _read(document)


def _get_placed(
    db: Database, id_: str, holder: str | None, session: ClientSession
) -> BookingResult:
    (booking,) = attach(db, [_get(db, id_, holder, session)], session)
    return _placed(db, booking, session)


def _placed(db: Database, booking: Booking, session: ClientSession) -> BookingResult:
    """Return a booking with its place in the list, if it waits, as of the session's moment."""
    if booking.status != "waiting":
        return BookingResult(booking)
    return BookingResult(booking, count_ahead(db, booking, session) + 1)


def _read(document: Document) -> Booking:
    return read(_NAME, document, BOOKINGS.decode)

"""The audit in MongoDB: append only."""

from __future__ import annotations

from collections.abc import Iterable

from pymongo import ASCENDING, DESCENDING

from ticketing.domain.audit import AuditEntry
from ticketing.storage.customers import attach, of_customer, of_giver
from ticketing.storage.documents import AUDIT, first_readable, read, read_what_can_be
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading
from ticketing.storage.lists.by_sequence import Walk

_NAME = "audit"


@reading
def page(
    db: Database,
    event: str,
    booking: str | None,
    customer: str | None,
    after: int,
    limit: int,
) -> list[AuditEntry]:
    """List an event's entries after a sequence, of one booking or customer where one is given.

    A customer's entries are also those by which they passed a booking on.
    """
    conditions = _wanted(event, booking, customer, {"$gt": after})

    def find_first(number: int) -> Iterable[Document]:
        return db.audit.find(conditions).sort("sequence", ASCENDING).limit(number)

    return attach(db, first_readable(_NAME, find_first, limit, AUDIT.decode))


@reading
def newest(
    db: Database,
    event: str,
    booking: str | None,
    customer: str | None,
    before: int | None,
    limit: int,
) -> list[AuditEntry]:
    """List an event's entries before a sequence, the newest first; see `page`."""
    bounds = {"$gt": 0} if before is None else {"$gt": 0, "$lt": before}
    conditions = _wanted(event, booking, customer, bounds)

    def find_first(number: int) -> Iterable[Document]:
        return db.audit.find(conditions).sort("sequence", DESCENDING).limit(number)

    return attach(db, first_readable(_NAME, find_first, limit, AUDIT.decode))


def _wanted(event: str, booking: str | None, customer: str | None, bounds: Document) -> Document:
    """Select an event's entries within bounds of the sequence; see `page`."""
    conditions: Document = {"event": event, "sequence": bounds}
    if booking is not None:
        conditions["booking"] = booking
    if customer is None:
        return conditions
    # Each side by its own index, in the order of the sequence: so it has to stand outermost.
    sides = of_customer(customer), of_giver(customer)
    return {"$or": [{**conditions, **side} for side in sides]}


@reading
def find(db: Database, event: str, sequence: int) -> AuditEntry | None:
    """Find one entry of an event; raises UnreadableDocument."""
    document = db.audit.find_one({"event": event, "sequence": sequence})
    return read(_NAME, document, AUDIT.decode) if document else None


@reading
def of_customer_whole(db: Database, customer: str) -> list[AuditEntry]:
    """List all entries of what a customer held or passed on, by event and sequence."""
    # The indexes by customer begin with the event.
    events = {"event": {"$in": db.audit.distinct("event")}}
    either = {"$or": [{**events, **side} for side in (of_customer(customer), of_giver(customer))]}
    found = db.audit.find(either).sort([("event", ASCENDING), ("sequence", ASCENDING)])
    return attach(db, list(read_what_can_be(_NAME, found, AUDIT.decode)))


def walk(db: Database, event: str) -> Walk[AuditEntry]:
    """Go through an event's entries from the first, in the order of their sequence."""
    return Walk(db.audit, event, AUDIT.decode)


def count(db: Database, event: str) -> int:
    """Count the entries of an event, be it there or not."""
    return db.audit.count_documents({"event": event})


@reading
def of_booking(db: Database, event: str, booking: str) -> list[AuditEntry]:
    """List all entries of a booking in one event, in the order of their sequence."""
    found = db.audit.find({"booking": booking, "event": event}).sort("sequence", ASCENDING)
    return list(read_what_can_be(_NAME, found, AUDIT.decode))


def event_ids(db: Database) -> set[str]:
    """List the events that entries name, in words where that is no id."""
    return {id_ if isinstance(id_, str) else repr(id_) for id_ in db.audit.distinct("event")}

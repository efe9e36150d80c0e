"""The audit trail in MongoDB: append only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from ticketing.domain.audit import AuditEntry
from ticketing.domain.customers import Customer
from ticketing.storage.clients import Database, Document
from ticketing.storage.customers import customer_document, customer_of, of_customer, of_giver
from ticketing.storage.reading import reading


def append(db: Database, entries: Sequence[AuditEntry], session: ClientSession) -> None:
    """Add entries; the unique {event, sequence} refuses a number that is taken."""
    db.audit.insert_many([_document(entry) for entry in entries], session=session)


@reading
def page(
    db: Database,
    event: str,
    booking: str | None,
    customer: Customer | None,
    after: int,
    limit: int,
) -> list[AuditEntry]:
    """List an event's entries after a sequence, of one booking or customer where one is given.

    A customer's entries are also those by which they passed a booking on.
    """
    conditions: Document = {"event": event, "sequence": {"$gt": after}}
    if booking is not None:
        conditions["booking"] = booking
    if customer is not None:
        # Each side by its own index, in the order of the sequence: so it has to stand outermost.
        sides = of_customer(customer.key), of_giver(customer.key)
        conditions = {"$or": [{**conditions, **side} for side in sides]}
    found = db.audit.find(conditions).sort("sequence", ASCENDING).limit(limit)
    return [_entry(document) for document in found]


def replay(db: Database, event: str, session: ClientSession) -> Iterator[AuditEntry]:
    """Go through an event's entries from the first, in the order of their sequence."""
    for document in db.audit.find({"event": event}, session=session).sort("sequence", ASCENDING):
        yield _entry(document)


def event_ids(db: Database) -> set[str]:
    """List the events that entries name."""
    return set(db.audit.distinct("event"))


def _document(entry: AuditEntry) -> Document:
    return {
        "event": entry.event,
        "sequence": entry.sequence,
        "action": entry.action,
        "booking": entry.booking,
        "customer": customer_document(entry.customer),
        "tickets": entry.tickets,
        "total": entry.total,
        "sold": entry.sold,
        "waiting": entry.waiting,
        "changes": {field: [_value(v) for v in pair] for field, pair in entry.changes.items()},
        "actor": entry.actor,
        "at": entry.at,
        "request_id": entry.request_id,
    }


def _entry(document: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        event=document["event"],
        sequence=document["sequence"],
        action=document["action"],
        booking=document["booking"],
        customer=customer_of(document["customer"]),
        tickets=document["tickets"],
        total=document["total"],
        sold=document["sold"],
        waiting=document["waiting"],
        changes={
            field: (_read(field, old), _read(field, new))
            for field, (old, new) in document["changes"].items()
        },
        actor=document["actor"],
        at=document["at"],
        request_id=document["request_id"],
    )


def _value(value: object) -> object:
    if isinstance(value, Customer):
        return customer_document(value)
    return value.isoformat() if type(value) is date else value


def _read(field: str, value: Any) -> object:
    if value is None:
        return None
    if field == "customer":
        return customer_of(value)
    return date.fromisoformat(value) if field == "day" else value

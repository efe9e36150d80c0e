"""The audit trail in MongoDB: append only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import get_args

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from ticketing.domain.audit import Action, AuditEntry
from ticketing.domain.customers import Customer
from ticketing.storage.clients import Database, Document
from ticketing.storage.customers import customer_document, of_customer, of_giver
from ticketing.storage.documents import (
    Fields,
    UnreadableDocument,
    first_readable,
    read_what_can_be,
)
from ticketing.storage.reading import reading

_NAME = "audit"
_ACTIONS: Collection[Action] = get_args(Action)


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

    def find_first(number: int) -> Iterable[Document]:
        return db.audit.find(conditions).sort("sequence", ASCENDING).limit(number)

    return first_readable(_NAME, find_first, limit, _entry)


def replay(
    db: Database, event: str, session: ClientSession, unreadable: list[UnreadableDocument]
) -> Iterable[AuditEntry]:
    """Go through an event's entries from the first, in the order of their sequence.

    Those that can't be read go to `unreadable`.
    """
    found = db.audit.find({"event": event}, session=session).sort("sequence", ASCENDING)
    return read_what_can_be(_NAME, found, _entry, unreadable)


def event_ids(db: Database) -> set[str]:
    """List the events that entries name, in words where that is no id."""
    return {id_ if isinstance(id_, str) else repr(id_) for id_ in db.audit.distinct("event")}


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


def _entry(fields: Fields) -> AuditEntry:
    return AuditEntry(
        event=fields.text("event"),
        sequence=fields.whole("sequence", 1),
        action=fields.word("action", _ACTIONS),
        booking=fields.text_or_none("booking"),
        customer=fields.customer_or_none("customer"),
        tickets=fields.whole_or_none("tickets", 1),
        total=fields.whole_or_none("total"),
        sold=fields.whole("sold"),
        waiting=fields.whole("waiting"),
        changes=_changes(fields),
        actor=fields.text("actor"),
        at=fields.moment("at"),
        request_id=fields.text("request_id"),
    )


def _changes(fields: Fields) -> Mapping[str, tuple[object, object]]:
    changes = Fields(fields.mapping("changes"))
    pairs = {}
    for name in fields.mapping("changes"):
        pair = changes.sequence(name)
        if len(pair) != 2:
            raise changes.odd(name)
        old, new = (_read(name, Fields({name: value})) for value in pair)
        pairs[name] = (old, new)
    return pairs


def _read(name: str, side: Fields) -> object:
    if name == "customer":
        return side.customer_or_none(name)
    if name == "day":
        return side.day_or_none(name)
    return side.text_or_whole_or_none(name)


def _value(value: object) -> object:
    if isinstance(value, Customer):
        return customer_document(value)
    return value.isoformat() if type(value) is date else value

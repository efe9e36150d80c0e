"""The audit trail in MongoDB: append only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pymongo.client_session import ClientSession

from ticketing.domain.audit import AuditEntry
from ticketing.storage.clients import Database, Document


def append(db: Database, entries: Sequence[AuditEntry], session: ClientSession) -> None:
    """Add entries; the unique {event, sequence} refuses a number that is taken."""
    db.audit.insert_many([_document(entry) for entry in entries], session=session)


def _document(entry: AuditEntry) -> Document:
    return {
        "event": entry.event,
        "sequence": entry.sequence,
        "action": entry.action,
        "booking": entry.booking,
        "customer": entry.customer,
        "tickets": entry.tickets,
        "total": entry.total,
        "sold": entry.sold,
        "waiting": entry.waiting,
        "changes": {field: [_value(v) for v in pair] for field, pair in entry.changes.items()},
        "actor": entry.actor,
        "at": entry.at,
        "request_id": entry.request_id,
    }


def _value(value: object) -> object:
    return value.isoformat() if type(value) is date else value

"""Bookings in MongoDB, box-office sales (bookings without a customer) among them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.client_session import ClientSession

from ticketing.domain.bookings import Booking
from ticketing.domain.errors import TransactionNotFound
from ticketing.domain.ledger import BookingWrite
from ticketing.storage.clients import Database, Document, reading
from ticketing.storage.sessions import Conflict


def find_many(
    db: Database, ids: Collection[str], event: str, session: ClientSession
) -> dict[str, Booking]:
    """Find those of these bookings that belong to the event, by id."""
    if not ids:
        return {}
    found = db.bookings.find({"_id": {"$in": list(ids)}, "event": event}, session=session)
    return {document["_id"]: _booking(document) for document in found}


@reading
def get_sale(db: Database, id_: str) -> Booking:
    """Return a box-office sale; raises TransactionNotFound."""
    document = db.bookings.find_one({"_id": id_, "customer": None})
    if document is None:
        raise TransactionNotFound
    return _booking(document)


def write(db: Database, writes: Sequence[BookingWrite], session: ClientSession) -> None:
    """Write these changes in one ordered bulk, so that every state in between is legal.

    Raises Conflict where a booking is not as the change found it.
    """
    if not writes:
        return
    result = db.bookings.bulk_write([_operation(w) for w in writes], ordered=True, session=session)
    if result.matched_count != sum(1 for w in writes if w.before is not None):
        raise Conflict


def _operation(write: BookingWrite) -> InsertOne[Document] | UpdateOne:
    before, after = write.before, write.after
    if before is None:
        return InsertOne(_document(after))
    old, new = _document(before), _document(after)
    return UpdateOne(
        {"_id": before.id, "status": before.status, "tickets": before.tickets},
        {"$set": {field: value for field, value in new.items() if old[field] != value}},
    )


def _document(booking: Booking) -> Document:
    return {
        "_id": booking.id,
        "event": booking.event,
        "customer": booking.customer,
        "tickets": booking.tickets,
        "status": booking.status,
        "sequence": booking.sequence,
        "total": booking.total,
        "created_at": booking.created_at,
    }


def _booking(document: Mapping[str, Any]) -> Booking:
    return Booking(
        id=document["_id"],
        event=document["event"],
        customer=document["customer"],
        tickets=document["tickets"],
        status=document["status"],
        sequence=document["sequence"],
        total=document["total"],
        created_at=document["created_at"],
    )

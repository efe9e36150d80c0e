"""Writes all that a batch has changed, within its transaction.

The event first, by whose fence a batch that was decided on an older state ends at once; then new
customers, bookings, audit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pymongo import InsertOne, UpdateMany
from pymongo.client_session import ClientSession

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.changes.change_set import BookingWrite
from ticketing.domain.commands.decide import Decision
from ticketing.domain.events import Event
from ticketing.storage import customers
from ticketing.storage.accounts import idle
from ticketing.storage.documents import AUDIT, BOOKINGS, EVENTS, UnreadableDocument
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.units_of_work import Conflict

_DETAILS = (
    "name", "venue", "day", "capacity", "price", "status", "owed_total", "updated_at", "head",
)  # fmt: skip
_COUNTERS = ("sold", "bookings", "waiting", "revenue", "sequence")


def write_change_set(db: Database, decision: Decision, session: ClientSession) -> None:
    """Write a decision over the state that it was made on; raises Conflict if that has moved on."""
    if decision.after is None:
        return
    write_event(db, decision.before, decision.after, session)
    if decision.new_customers:
        customers.insert_many(db, decision.new_customers, session)
    if returning := _returning(decision):
        idle.keep(db, returning, session)
    if decision.writes:
        write_bookings(db, decision.writes, session)
    append_audit(db, decision.entries, session)


def _returning(decision: Decision) -> set[str]:
    """Return who may be forgotten at this moment though they get tickets by this batch.

    Those who are noted as idle. A batch that has not seen the note has lost to the fence which
    follows it, unless its event is new and could not be fenced.
    """
    new = {customer.id for customer in decision.new_customers}
    return {
        holder.id
        for write in decision.writes
        if (holder := write.after.customer) and holder.id not in new
        if (holder.idle_since or decision.before is None) and write.after.active
    }


def write_event(
    db: Database, before: Event | None, after: Event, session: ClientSession | None
) -> None:
    """Write an event's new state over the one that was read; raises Conflict if it has moved on.

    The filter carries two locks. The fence: the sequence must be the one that was read. The
    capacity condition: what is added to `sold` must fit in what the document says at this moment,
    so that check and take are one step. The rules never ask for more than the capacity; where it
    is exceeded all the same the document was spoilt before, and trying again would not help: raises
    UnreadableDocument.
    """
    if after.sold > after.capacity:
        raise UnreadableDocument("events", after.id, f"sold is {after.sold} of {after.capacity}")
    if before is None:
        db.events.insert_one(EVENTS.encode(after), session=session)
        return
    values = _changed_details(before, after)
    values["ever_booked"] = after.ever_booked
    increments = {field: getattr(after, field) - getattr(before, field) for field in _COUNTERS}

    updated = db.events.find_one_and_update(
        {
            "_id": before.id,
            "sequence": before.sequence,
            "$expr": {
                "$lte": [
                    {"$add": ["$sold", increments["sold"]]},
                    values.get("capacity", "$capacity"),
                ]
            },
        },
        {"$set": values, "$inc": increments},
        projection={"_id": True},
        session=session,
    )
    if updated is None:
        raise Conflict


def _changed_details(before: Event, after: Event) -> Document:
    changed = [field for field in _DETAILS if getattr(before, field) != getattr(after, field)]
    if not changed:
        return {}
    document = EVENTS.encode(after)
    return {field: document[field] for field in changed}


def write_bookings(
    db: Database, writes: Sequence[BookingWrite], session: ClientSession | None
) -> None:
    """Write these changes in one ordered bulk, so that every state in between is legal.

    Raises Conflict where a booking is not as the change found it.
    """
    # In the order of the sequence, because the unique index of a customer's active bookings is
    # checked at each write: who cancels and books again in one batch must be rid of the old booking
    # before the new one is inserted. A filter that matches nothing is no error to MongoDB, so the
    # matches are counted.
    result = db.bookings.bulk_write(list(_operations(writes)), ordered=True, session=session)
    if result.matched_count != sum(1 for w in writes if w.before is not None):
        raise Conflict


def append_audit(
    db: Database, entries: Sequence[AuditEntry], session: ClientSession | None
) -> None:
    """Append entries; the unique {event, sequence} refuses a number that is taken."""
    db.audit.insert_many([AUDIT.encode(entry) for entry in entries], session=session)


def _operations(writes: Sequence[BookingWrite]) -> Iterator[InsertOne[Document] | UpdateMany]:
    """Return what writes these changes, in their order.

    Of bookings that end one after the other all that end alike are written by one operation, which
    is what calling an event off does to most of them. Their order among themselves does not matter,
    since they only leave the unique indexes.
    """
    for ends, some in groupby(writes, key=_ends):
        if ends:
            yield from _together(some)
        else:
            yield from map(_operation, some)


def _ends(write: BookingWrite) -> bool:
    return write.before is not None and write.after.status == "cancelled"


def _operation(write: BookingWrite) -> InsertOne[Document] | UpdateMany:
    if write.before is None:
        return InsertOne(BOOKINGS.encode(write.after))
    found, update = _update(write.before, write.after)
    return UpdateMany({"_id": write.before.id, **found}, update)


def _together(writes: Iterable[BookingWrite]) -> Iterator[UpdateMany]:
    alike: dict[str, tuple[Document, Document, list[str]]] = {}
    for write in writes:
        assert write.before is not None
        found, update = _update(write.before, write.after)
        _, _, ids = alike.setdefault(repr((found, update)), (found, update, []))
        ids.append(write.before.id)
    for found, update, ids in alike.values():
        yield UpdateMany({"_id": {"$in": ids}, **found}, update)


def _update(before: Booking, after: Booking) -> tuple[Document, Document]:
    """Return what a booking has to be like, and what is written over it."""
    found = {"status": before.status, "tickets": before.tickets}
    return found, BOOKINGS.update(before, after)

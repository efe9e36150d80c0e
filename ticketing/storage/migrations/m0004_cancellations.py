"""When and why bookings were cancelled, and what events owe.

What was cancelled before this is told by the audit. A booking that the audit does not know stays
without a reason; `verify` names it anyway.
"""

from __future__ import annotations

from collections.abc import Iterator

from pymongo import UpdateOne

from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.migrations import schema

_AT_ONCE = 1_000


def apply(db: Database) -> None:
    """Explain the cancellations of before."""
    untold = {"status": "cancelled", "reason": {"$exists": False}}
    for event in db.bookings.distinct("event", untold):
        _explain(db, event)
    for document in db.events.find({"status": "cancelled", "owed_total": {"$exists": False}}):
        owed_total = _owed_total(db, document["_id"])
        db.events.update_one({"_id": document["_id"]}, {"$set": {"owed_total": owed_total}})


def _explain(db: Database, event: str) -> None:
    updates: list[UpdateOne] = []
    for entry, reason in _endings(db, event):
        updates.append(
            UpdateOne(
                {"_id": entry["booking"], "status": "cancelled", "reason": {"$exists": False}},
                {"$set": {"cancelled_at": entry["at"], "reason": reason}},
            )
        )
        if len(updates) == _AT_ONCE:
            db.bookings.bulk_write(updates)
            updates = []
    if updates:
        db.bookings.bulk_write(updates)


def _endings(db: Database, event: str) -> Iterator[tuple[Document, str]]:
    called_off = False
    actions = {"$in": ["called_off", "cancelled", "returned"]}
    for entry in db.audit.find({"event": event, "action": actions}).sort("sequence"):
        if entry["action"] == "called_off":
            called_off = True
            continue
        own = entry["customer"] and entry["customer"]["key"] == f"user:{entry['actor']}"
        yield entry, "called_off" if called_off else "customer" if own else "staff"


def _owed_total(db: Database, event: str) -> int:
    """Add up what was confirmed when an event was called off, whether it is ended by now or not."""
    owed = {"event": event, "$or": [{"status": "confirmed"}, schema.OWED]}
    rows = list(
        db.bookings.aggregate(
            [{"$match": owed}, {"$group": {"_id": None, "total": {"$sum": "$total"}}}]
        )
    )
    return rows[0]["total"] if rows else 0

"""Who sold what over the counter, and who took it back or called its event off.

Bookings say so themselves from now on; of those from before the audit tells. A sale that the audit
does not know stays without; `verify` names it anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from pymongo import UpdateOne

from ticketing.storage.customers import OF_NOBODY
from ticketing.storage.driver.clients import Database

_AT_ONCE = 1_000

_FIELDS = {"sold": "sold_by", "returned": "cancelled_by"}


def apply(db: Database) -> None:
    """Name the actors of the sales of before."""
    untold = {
        **OF_NOBODY,
        "$or": [
            {"sold_by": {"$exists": False}},
            {"status": "cancelled", "cancelled_by": {"$exists": False}},
        ],
    }
    for event in db.bookings.distinct("event", untold):
        updates = _updates(db, event)
        while step := list(islice(updates, _AT_ONCE)):
            db.bookings.bulk_write(step)


def _updates(db: Database, event: str) -> Iterator[UpdateOne]:
    actions = {"$in": list(_FIELDS)}
    for entry in db.audit.find({"event": event, "action": actions}).sort("sequence"):
        field = _FIELDS[entry["action"]]
        yield UpdateOne(
            {"_id": entry["booking"], **OF_NOBODY, field: {"$exists": False}},
            {"$set": {field: entry["actor"]}},
        )

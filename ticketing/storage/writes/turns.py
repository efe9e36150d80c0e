"""Turns between hosts: who commits next on an event, by MongoDB's clock.

A turn is a lease with one place in line (`leases`, by "turn:" and the event's id):

    holder, until      whose turn it is, and until when at most: it may run out or be given back
    next, next_until   who is in line: for so long nobody else takes a turn that is free

It is not written with a majority: nothing depends on it, and after a failover it begins anew.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pymongo import DeleteOne, ReturnDocument, UpdateOne
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

from ticketing.storage.driver.clients import Database, Document

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def take(db: Database, event_id: str, holder: str, lease_s: float) -> bool:
    """Take the turn for so long at most, or stand in line for it; return whether it is ours.

    `holder` is a new one for each turn: a name that was used before may still stand there.
    Who asks again in vain writes nothing while their place in line is good for half of its time.
    """
    lease_ms = int(lease_s * 1000)
    end, soon = _in(lease_ms), _in(lease_ms // 2)
    document: Document = _turns(db).find_one_and_update(
        {"_id": _id(event_id)},
        [
            {
                "$set": {
                    "free": {"$lte": [{"$ifNull": ["$until", _LONG_AGO]}, "$$NOW"]},
                    "first": {
                        "$or": [
                            {"$lte": [{"$ifNull": ["$next_until", _LONG_AGO]}, "$$NOW"]},
                            {"$eq": ["$next", holder]},
                        ]
                    },
                }
            },
            {"$set": {"taken": {"$and": ["$free", "$first"]}}},
            {
                "$set": {
                    "holder": {"$cond": ["$taken", holder, "$holder"]},
                    "until": {"$cond": ["$taken", end, "$until"]},
                    "next": _in_line("next", holder, soon, of_a_taken=None),
                    "next_until": _in_line("next_until", end, soon, of_a_taken=_LONG_AGO),
                }
            },
            {"$unset": ["free", "first", "taken"]},
        ],
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )  # type: ignore[assignment]  # it is there: upserted
    return bool(document["holder"] == holder)


def give_back(db: Database, event_id: str, holder: str) -> bool:
    """End a turn of ours; return whether somebody was in line. Where nobody was nothing is left."""
    ours: Document = {"_id": _id(event_id), "holder": holder}
    result = _turns(db).bulk_write(
        [
            DeleteOne({**ours, "next": None}),
            UpdateOne(ours, {"$set": {"until": _LONG_AGO}}),
        ]
    )
    return result.matched_count > 0


def leave(db: Database, event_id: str, holder: str) -> None:
    """Leave the place in line, where it is ours."""
    _turns(db).update_one(
        {"_id": _id(event_id), "next": holder}, {"$set": {"next": None, "next_until": _LONG_AGO}}
    )


def _in_line(field: str, mine: object, soon: Document, *, of_a_taken: object) -> Document:
    """Return what becomes of a place in line: gone, kept as it is, or ours."""
    is_kept = {"$or": [{"$not": ["$first"]}, {"$gt": ["$next_until", soon]}]}
    return {"$cond": ["$taken", of_a_taken, {"$cond": [is_kept, f"${field}", mine]}]}


def _in(milliseconds: int) -> Document:
    return {"$add": ["$$NOW", milliseconds]}


def _id(event_id: str) -> str:
    return f"turn:{event_id}"


def _turns(db: Database) -> Collection[Document]:
    return db.leases.with_options(write_concern=WriteConcern(1))

"""Failed attempts by where they come from, so that no more of them are made than a limit allows.

An attempt takes its place before it is known how it ends: counted afterwards, sixty-four attempts
at once would all see that there is room. One that succeeds gives its place back. Taking a place is
one update of one document with MongoDB's clock, so it is exact over all workers and hosts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.collection import Collection

from ticketing.storage.driver.clients import Document


@dataclass(frozen=True, slots=True)
class Tally:
    """One source's attempts within the window, by how many seconds ago they were made.

    `place` names the one that was taken; None where there was no room.
    """

    place: object | None
    failed: Sequence[float]
    under_way: Sequence[float]


class SharedAttempts:
    """Attempts in a collection, a document for each source."""

    def __init__(self, collection: Collection[Document]) -> None:
        self._collection = collection

    def make_index(self) -> None:
        """Create the index by which documents go once nothing in them counts any more."""
        self._collection.create_index("until", expireAfterSeconds=0)

    def take_place(self, source: str, limit: int, window_s: int) -> Tally:
        """Count an attempt that is about to be made, if there is room for it."""
        place = ObjectId()
        document = self._collection.find_one_and_update(
            {"_id": source},
            _taking(place, limit, window_s * 1000),
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert document is not None
        now = document["now"]
        under_way = document["under_way"]
        return Tally(
            place if any(one["id"] == place for one in under_way) else None,
            [_seconds(now, at) for at in document["failed"]],
            [_seconds(now, one["at"]) for one in under_way],
        )

    def keep(self, source: str, place: object) -> None:
        """Record that the attempt has failed."""
        self._collection.update_one(
            {"_id": source, "under_way.id": place},
            [{"$set": {"failed": _failed_and(place), "under_way": _all_but(place)}}],
        )

    def give_back(self, source: str, place: object) -> None:
        """Record that the attempt has succeeded, and so does not count."""
        self._collection.update_one({"_id": source}, {"$pull": {"under_way": {"id": place}}})


def _taking(place: ObjectId, limit: int, window_ms: int) -> list[Document]:
    since = {"$subtract": ["$$NOW", window_ms]}
    taken = {"$add": [{"$size": "$failed"}, {"$size": "$under_way"}]}
    one_more = {"$concatArrays": ["$under_way", [{"id": place, "at": "$$NOW"}]]}
    return [
        {
            "$set": {
                "now": "$$NOW",
                "until": {"$add": ["$$NOW", window_ms]},
                "failed": _those("$failed", {"$gt": ["$$this", since]}),
                "under_way": _those("$under_way", {"$gt": ["$$this.at", since]}),
            }
        },
        {"$set": {"under_way": {"$cond": [{"$lt": [taken, limit]}, one_more, "$under_way"]}}},
    ]


def _those(array: str, condition: Document) -> Document:
    return {"$filter": {"input": {"$ifNull": [array, []]}, "cond": condition}}


def _all_but(place: object) -> Document:
    return _those("$under_way", {"$ne": ["$$this.id", place]})


def _failed_and(place: object) -> Document:
    mine = _those("$under_way", {"$eq": ["$$this.id", place]})
    return {"$concatArrays": ["$failed", {"$map": {"input": mine, "in": "$$this.at"}}]}


def _seconds(now: datetime, at: datetime) -> float:
    return (now - at).total_seconds()

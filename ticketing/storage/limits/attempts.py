"""Failed attempts by where they come from, so that no more of them are made than a limit allows.

An attempt takes its place before it is known how it ends: counted afterwards, sixty-four attempts
at once would all see that there is room. One that succeeds gives its place back. Taking a place is
one update of one document with MongoDB's clock, so it is exact over all workers and hosts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.collection import Collection

from ticketing.storage.driver.clients import Document

COLLECTION = "rate_attempts"

# How long somebody waits for a turn at most: who would wait longer is given none. And for how long
# a turn is theirs, once it has come.
LONGEST_WAIT_S = 600
TURN_S = 30


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

    def take_turn(self, account: str, source: str, interval_s: float) -> float | None:
        """Take one's turn at an account if it has come; else return how long it takes until then.

        Returns None where that would be too long to wait for. Turns are `interval_s` apart.
        """
        turn = f"turn:{account}|{source}"
        mine: Document = {"_id": turn, "until": {"$type": "date"}}
        has_come = {"$and": [{"$lte": ["$at", "$$NOW"]}, {"$gt": ["$until", "$$NOW"]}]}
        if self._collection.find_one_and_delete({**mine, "$expr": has_come}) is not None:
            return 0.0
        waiting = self._collection.find_one_and_update(
            {**mine, "$expr": _is_coming()},
            [{"$set": {"now": "$$NOW"}}],
            return_document=ReturnDocument.AFTER,
        )
        if waiting is not None:
            return _seconds(waiting["at"], waiting["now"])
        return self._queue(turn, account, interval_s)

    def _queue(self, turn: str, account: str, interval_s: float) -> float | None:
        last = self._collection.find_one_and_update(
            {"_id": f"turns:{account}"},
            _queueing(interval_s * 1000),
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert last is not None
        if not last["granted"]:
            return None
        self._collection.update_one(
            {"_id": turn},
            {"$set": {"at": last["at"], "until": last["at"] + timedelta(seconds=TURN_S)}},
            upsert=True,
        )
        return _seconds(last["at"], last["now"])


def _queueing(interval_ms: float) -> list[Document]:
    """Queue the next turn after the last one, unless that is too far away."""
    last = {"$cond": [_is_coming(), "$at", "$$NOW"]}
    granted = {"$lte": ["$next", _latest()]}
    return [
        {"$set": {"now": "$$NOW", "next": {"$add": [last, interval_ms]}}},
        {"$set": {"granted": granted, "at": {"$cond": [granted, "$next", last]}}},
        {"$set": {"until": "$at"}},
    ]


def _is_coming() -> Document:
    """Return whether a turn is still to come; one later than any may be is of a clock set ahead."""
    return {"$and": [{"$gt": ["$at", "$$NOW"]}, {"$lte": ["$at", _latest()]}]}


def _latest() -> Document:
    return {"$add": ["$$NOW", LONGEST_WAIT_S * 1000]}


def _taking(place: ObjectId, limit: int, window_ms: int) -> list[Document]:
    taken = {"$add": [{"$size": "$failed"}, {"$size": "$under_way"}]}
    one_more = {"$concatArrays": ["$under_way", [{"id": place, "at": "$$NOW"}]]}
    return [
        {
            "$set": {
                "now": "$$NOW",
                "until": {"$add": ["$$NOW", window_ms]},
                "failed": _those("$failed", _within("$$this", window_ms)),
                "under_way": _those("$under_way", _within("$$this.at", window_ms)),
            }
        },
        {"$set": {"under_way": {"$cond": [{"$lt": [taken, limit]}, one_more, "$under_way"]}}},
    ]


def _within(at: str, window_ms: int) -> Document:
    """Return whether a moment is less than a window away, from whatever side."""
    since, until = {"$subtract": ["$$NOW", window_ms]}, {"$add": ["$$NOW", window_ms]}
    return {"$and": [{"$gt": [at, since]}, {"$lt": [at, until]}]}


def _those(array: str, condition: Document) -> Document:
    return {"$filter": {"input": {"$ifNull": [array, []]}, "cond": condition}}


def _all_but(place: object) -> Document:
    return _those("$under_way", {"$ne": ["$$this.id", place]})


def _failed_and(place: object) -> Document:
    mine = _those("$under_way", {"$eq": ["$$this.id", place]})
    return {"$concatArrays": ["$failed", {"$map": {"input": mine, "in": "$$this.at"}}]}


def _seconds(now: datetime, at: datetime) -> float:
    return (now - at).total_seconds()

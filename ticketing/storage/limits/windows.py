"""How often somebody has asked within a window: one update of one document for each answer.

A sliding window counter: what was counted in the window before weighs as much of it as still lies
within one window's length of now. MongoDB's clock is the only one, so the counts are exact over all
workers and hosts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from pymongo import ReturnDocument
from pymongo.collection import Collection

from ticketing.storage.driver.clients import Document

COLLECTION = "rate_counts"


@dataclass(frozen=True, slots=True)
class Window:
    """What counts of somebody after they asked: `before` is what the window before came to.

    `granted` is how many of what was asked for just now, `elapsed_ms` how old the window is.
    """

    granted: int
    count: int
    before: int
    elapsed_ms: float
    length_ms: int

    def remaining(self, limit: int) -> int:
        """Return how many more would be granted now."""
        return max(0, limit - self.count - math.floor(self.before * self._weight))

    @property
    def reset_s(self) -> float:
        """Return in how many seconds there is more room than now; 0 where nothing counts."""
        if not (self.count or self.before):
            return 0.0
        until_ms = self.length_ms - self.elapsed_ms
        if self.before:
            # One of those before weighs nothing any more each time a share of the window is over.
            until_ms = min(until_ms, until_ms % (self.length_ms / self.before))
        return until_ms / 1000

    @property
    def _weight(self) -> float:
        return max(0.0, 1 - self.elapsed_ms / self.length_ms)


class SharedWindows:
    """Windows in a collection, a document for each policy and whoever is counted."""

    def __init__(self, collection: Collection[Document]) -> None:
        self._collection = collection

    def make_index(self) -> None:
        """Create the index by which documents go once nothing in them counts any more."""
        self._collection.create_index("until", expireAfterSeconds=0)

    def take(self, key: str, limit: int, length_s: int, asked: int, returned: int = 0) -> Window:
        """Count as many as are asked for and there is room for, less what was not used."""
        document = self._collection.find_one_and_update(
            {"_id": key},
            _taking(limit, length_s * 1000, asked, returned),
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert document is not None
        began: datetime = document["began"]
        elapsed_ms = (document["now"] - began).total_seconds() * 1000
        return Window(
            document["granted"], document["count"], document["before"], elapsed_ms, length_s * 1000
        )


def _taking(limit: int, length_ms: int, asked: int, returned: int) -> list[Document]:
    began = {"$ifNull": ["$began", "$$NOW"]}
    age = {"$subtract": ["$$NOW", began]}
    count = {"$max": [0, {"$subtract": [{"$ifNull": ["$count", 0]}, returned]}]}
    is_over = {"$gte": ["$age", length_ms]}
    # A window that begins so much later than now was begun by a clock that was ahead.
    is_forgotten = {"$or": [{"$gte": ["$age", 2 * length_ms]}, {"$lt": ["$age", -length_ms]}]}
    weight = {"$subtract": [1, {"$divide": [{"$subtract": ["$$NOW", "$began"]}, length_ms]}]}
    before = {"$floor": {"$multiply": ["$before", {"$min": [1, {"$max": [0, weight]}]}]}}
    room = {"$toInt": {"$subtract": [limit, {"$add": ["$count", before]}]}}
    return [
        {"$set": {"age": age, "now": "$$NOW"}},
        # Within one stage all are computed from what was there before it.
        {
            "$set": {
                "before": _where(
                    [(is_forgotten, 0), (is_over, count)], {"$ifNull": ["$before", 0]}
                ),
                "count": _where([(is_forgotten, 0), (is_over, 0)], count),
                "began": _where(
                    [(is_forgotten, "$$NOW"), (is_over, {"$add": [began, length_ms]})], began
                ),
            }
        },
        {"$set": {"granted": {"$max": [0, {"$min": [asked, room]}]}}},
        {
            "$set": {
                "count": {"$add": ["$count", "$granted"]},
                "until": {"$add": ["$began", 2 * length_ms]},
            }
        },
    ]


def _where(cases: list[tuple[Document, object]], otherwise: object) -> Document:
    branches = [{"case": case, "then": value} for case, value in cases]
    return {"$switch": {"branches": branches, "default": otherwise}}

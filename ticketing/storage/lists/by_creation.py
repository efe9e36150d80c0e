"""Documents in the order in which they were made, then by id: a place that no change moves.

Ids alone are no such order. Each worker counts for itself, so of two that were made within a second
the later may have the smaller id, behind the place where somebody reads already.
"""

from __future__ import annotations

from datetime import datetime

from pymongo import ASCENDING

from ticketing.domain.places import Place, Row
from ticketing.storage.driver.clients import Document

ORDER = [("created_at", ASCENDING), ("_id", ASCENDING)]


def beyond(place: Place) -> Document:
    """Select what comes after a place."""
    at, id_, _ = place.row
    return {
        "$and": [
            {"created_at": {"$gte": at}},
            {"$or": [{"created_at": {"$gt": at}}, {"_id": {"$gt": id_}}]},
            {"_id": {"$nin": [position.last.event for position in place.positions]}},
        ]
    }


def row_of(id_: str, created_at: datetime) -> Row:
    """Return what a document is ordered by: each is the one row of its own kind."""
    return Row(created_at, id_, 1)

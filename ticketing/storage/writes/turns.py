"""Turns between hosts: who commits next on an event, by MongoDB's clock.

A turn is a lease with one place in line (`leases`, by "turn:" and the event's id):

    holder, until      whose turn it is, and until when at most: it may run out or be given back
    next, next_until   who is in line: for so long nobody else takes a turn that is free
    kept_for, kept_until, before
                       who is on the way back into line, from far away: once so many turns of others
                       are over (`before`), the next is theirs, if they come that soon

It is not written with a majority: nothing depends on it, and after a failover it begins anew.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from ticketing.storage.driver.clients import Database, Document

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

# No turn lasts so long, and nothing is kept for so long.
_LONGEST_MS = 600_000

# How many turns others have before one that is kept. Between a host that is far from MongoDB and
# one beside it this is what the near one may sell more than the other, in commits.
OTHERS_BEFORE = 3


def take(db: Database, event_id: str, holder: str, lease_s: float) -> bool:
    """Take the turn for so long at most, or stand in line for it; return whether it is ours.

    `holder` is a new one for each turn: a name that was used before may still stand there.
    Who asks again in vain writes nothing while their place in line is good for half of its time.
    """
    lease_ms = int(lease_s * 1000)
    end, soon = _in(lease_ms), _in(lease_ms // 2)
    is_kept, is_ours = _is_later("$kept_until"), {"$eq": ["$kept_for", holder]}
    is_due = {"$and": [is_kept, {"$lte": ["$before", 0]}]}
    document: Document = _turns(db).find_one_and_update(
        {"_id": _id(event_id)},
        [
            {
                "$set": {
                    "free": {"$not": [_is_later("$until")]},
                    "first": {
                        "$or": [{"$not": [_is_later("$next_until")]}, {"$eq": ["$next", holder]}]
                    },
                }
            },
            {"$set": {"taken": {"$and": ["$free", _if(is_due, is_ours, "$first")]}}},
            {
                "$set": {
                    "holder": _if("$taken", holder, "$holder"),
                    "until": _if("$taken", end, "$until"),
                    "next": _in_line("next", holder, soon, of_a_taken=None),
                    "next_until": _in_line("next_until", end, soon, of_a_taken=_LONG_AGO),
                    "kept_until": _if({"$and": ["$taken", is_ours]}, _LONG_AGO, "$kept_until"),
                    "before": _if("$taken", {"$add": ["$before", -1]}, "$before"),
                }
            },
            {"$unset": ["free", "first", "taken"]},
        ],
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )  # type: ignore[assignment]  # it is there: upserted
    return bool(document["holder"] == holder)


def is_worth_asking(db: Database, event_id: str, holder: str) -> bool:
    """Return whether to ask may bring the turn or a place in line to who has asked in vain.

    It costs a third of asking. It goes by no clock, so that a lease which has run out is not seen.
    """
    turn = _turns(db).find_one({"_id": _id(event_id)})
    if turn is None or turn.get("next") is None:
        return True
    is_given_back = turn.get("until") == _LONG_AGO
    return is_given_back and holder in (turn["next"], turn.get("kept_for"))


def give_back(
    db: Database, event_id: str, holder: str, *, successor: str | None = None, keep_s: float = 0
) -> bool:
    """End a turn of ours; return whether somebody was in line. Where nobody was nothing is left.

    For so long a turn is kept for the `successor`, while no other is kept and somebody is in line.
    """
    ours: Document = {"_id": _id(event_id), "holder": holder}
    ended = {"$set": {"until": _LONG_AGO}}
    turns = _turns(db)
    keeping = [ended, _kept(successor, int(keep_s * 1000))] if successor else ended
    if turns.update_one({**ours, "next": {"$type": "string"}}, keeping).matched_count:
        return True
    nobody = {"next": None, "$expr": {"$not": [_is_later("$kept_until")]}}
    if turns.delete_one({**ours, **nobody}).deleted_count:
        return False
    return turns.update_one(ours, ended).matched_count > 0


def leave(db: Database, event_id: str, holder: str) -> None:
    """Leave the place in line, where it is ours."""
    _turns(db).update_one(
        {"_id": _id(event_id), "next": holder}, {"$set": {"next": None, "next_until": _LONG_AGO}}
    )


def _in_line(field: str, mine: object, soon: Document, *, of_a_taken: object) -> Document:
    """Return what becomes of a place in line: gone, kept as it is, or ours."""
    stays = {"$or": [{"$not": ["$first"]}, {"$gt": ["$next_until", soon]}]}
    return _if("$taken", _if("$first", of_a_taken, f"${field}"), _if(stays, f"${field}", mine))


def _kept(successor: str, keep_ms: int) -> Document:
    """Return the stage that keeps a turn, unless one is kept already."""
    is_kept = _is_later("$kept_until")
    return {
        "$set": {
            "kept_for": _if(is_kept, "$kept_for", successor),
            "before": _if(is_kept, "$before", OTHERS_BEFORE),
            "kept_until": _if(is_kept, "$kept_until", _in(keep_ms)),
        }
    }


def _is_later(field: str) -> Document:
    """Return whether a moment is still to come; one that is not there is not.

    Nor is one that is too far away: MongoDB's clock was ahead when it was written.
    """
    moment = {"$ifNull": [field, _LONG_AGO]}
    return {"$and": [{"$gt": [moment, "$$NOW"]}, {"$lt": [moment, _in(_LONGEST_MS)]}]}


def _if(condition: object, yes: object, no: object) -> Document:
    return {"$cond": [condition, yes, no]}


def _in(milliseconds: int) -> Document:
    return {"$add": ["$$NOW", milliseconds]}


def _id(event_id: str) -> str:
    return f"turn:{event_id}"


def _turns(db: Database) -> Collection[Document]:
    return db.leases.with_options(read_concern=ReadConcern("local"), write_concern=WriteConcern(1))

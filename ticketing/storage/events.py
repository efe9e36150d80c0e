"""Events in MongoDB: one document each, with the figures that a sale changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pymongo import ASCENDING, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from ticketing.domain import places
from ticketing.domain.errors import DatabaseUnavailable, EventNotFound
from ticketing.domain.events import Event
from ticketing.domain.identity.searching import fold
from ticketing.domain.statistics import MonthFigures
from ticketing.storage.documents import (
    EVENTS,
    Fields,
    Matches,
    first_matching,
    first_readable,
    read,
    read_what_can_be,
)
from ticketing.storage.driver.clients import OPERATION_TIMEOUT_S, Database, Document
from ticketing.storage.driver.deadlines import deadline
from ticketing.storage.driver.reads import reading, translating
from ticketing.storage.driver.units_of_work import breaks_validators_only
from ticketing.storage.lists import by_creation
from ticketing.storage.migrations.schema import AWAITED, LISTED, NOT_YET_EMPTY

_NAME = "events"

# So that the index of the days that are taken is used.
_TEXT: Document = {"$type": "string"}

Place = tuple[date | None, str]


def find(db: Database, id_: str, session: ClientSession | None = None) -> Event | None:
    """Find an event, or the tombstone of a deleted one."""
    document = db.events.find_one({"_id": id_}, session=session)
    return read(_NAME, document, EVENTS.decode) if document else None


def find_with(
    db: Database, id_: str, wanted: Mapping[str, Document | None], session: ClientSession
) -> tuple[Event | None, Mapping[str, Sequence[Document]]]:
    """Find an event as `find` does, and in the same read what is wanted of other collections.

    `wanted` are conditions by the name of the collection, None for nothing. Where there is no such
    event, each collection costs a read of its own.
    """
    asked = {name: conditions for name, conditions in wanted.items() if conditions is not None}
    nothing: dict[str, Sequence[Document]] = dict.fromkeys(wanted, ())
    if not asked:
        return find(db, id_, session), nothing
    stages = [
        {"$lookup": {"from": name, "as": f"of_{name}", "pipeline": [{"$match": conditions}]}}
        for name, conditions in asked.items()
    ]
    document = next(db.events.aggregate([{"$match": {"_id": id_}}, *stages], session=session), None)
    if document is None:
        found = {name: list(db[name].find(asked[name], session=session)) for name in asked}
        return None, nothing | found
    found = {name: document[f"of_{name}"] for name in asked}
    return read(_NAME, document, EVENTS.decode), nothing | found


def lock(db: Database, id_: str, session: ClientSession) -> None:
    """Lock an event, if it is there, until the transaction ends.

    Whoever writes it from now on meets a conflict instead of making one. `turn` counts how often
    that was done, for a write that changes nothing would lock nothing; it means nothing else.
    """
    db.events.update_one({"_id": id_}, {"$inc": {"turn": 1}}, session=session)


@reading
def get(db: Database, id_: str) -> Event:
    """Return an event; raises EventNotFound, also for a deleted one."""
    event = find(db, id_)
    if event is None or event.status == "deleted":
        raise EventNotFound
    return event


@reading
def has_existed(db: Database, id_: str) -> bool:
    """Return whether there is an event with this id, or was one until it was deleted."""
    return find(db, id_) is not None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events to list; None stands for any.

    A bound on the day leaves undated events out; `part` is one of the name.
    """

    first: date | None = None
    last: date | None = None
    status: str | None = None
    updated_since: datetime | None = None
    part: str | None = None


def page(
    db: Database, first: date | None, last: date | None, after: Place | None, limit: int
) -> Sequence[Event]:
    """List events of these days by day, then id, from `after` on; undated events come first."""
    return page_by_day(db, Filter(first, last), after, limit).found


@reading
def page_by_day(db: Database, wanted: Filter, after: Place | None, limit: int) -> Matches[Event]:
    """List events by day, then id, from `after` on; undated events come first."""
    conditions = [*_wanted(wanted), *([_beyond(after)] if after is not None else ())]
    return _first(db, conditions, [("day", ASCENDING), ("_id", ASCENDING)], wanted.part, limit)


@reading
def page_by_creation(
    db: Database, wanted: Filter, after: places.Place, limit: int
) -> Matches[Event]:
    """List events by the time at which they were made, then id, from the first after a place."""
    conditions = [*_wanted(wanted), by_creation.beyond(after)]
    return _first(db, conditions, by_creation.ORDER, wanted.part, limit)


def row_of(event: Event) -> places.Row:
    """Return what an event is ordered by in the list by creation."""
    return by_creation.row_of(event.id, event.created_at)


def _wanted(wanted: Filter) -> list[Document]:
    conditions: list[Document] = [LISTED]
    if wanted.first is not None:
        conditions.append({"day": {"$gte": wanted.first.isoformat()}})
    if wanted.last is not None:
        conditions.append({"day": {"$lte": wanted.last.isoformat()}})
    if wanted.status is not None:
        conditions.append({"status": wanted.status})
    if wanted.updated_since is not None:
        conditions.append({"updated_at": {"$gte": wanted.updated_since}})
    return conditions


def _first(
    db: Database,
    conditions: list[Document],
    order: list[tuple[str, int]],
    part: str | None,
    limit: int,
) -> Matches[Event]:
    def find_first(number: int) -> Iterable[Document]:
        return db.events.find({"$and": conditions}).sort(order).limit(number)

    if part is None:
        return Matches(first_readable(_NAME, find_first, limit, EVENTS.decode))
    looked_for = fold(part)
    return first_matching(
        _NAME, find_first, limit, EVENTS.decode, lambda event: looked_for in fold(event.name)
    )


@translating
def fence_all(db: Database) -> None:
    """Write every event, so that whatever was decided before is committed by now or never will be.

    A batch writes its event (`ticketing.storage.writes.change_sets`). One that has written it
    already is waited for; one that has not is a conflict, and is decided anew on what is stored by
    now. Raises DatabaseUnavailable where some event may not have been written; an event that a
    validator refuses is one that no batch can write either.
    """
    fences = [UpdateOne({"_id": id_}, {"$inc": {"fences": 1}}) for id_ in reading(all_ids)(db)]
    if not fences:
        return
    try:
        with deadline(OPERATION_TIMEOUT_S):
            # In no order: one event that a validator refuses must not keep the rest from the fence.
            db.events.bulk_write(fences, ordered=False)
    except BulkWriteError as error:
        # What no majority has yet may be undone by an election, and then it was no fence.
        if error.details["writeConcernErrors"] or not breaks_validators_only(error):
            raise DatabaseUnavailable from error


def is_empty(db: Database) -> bool:
    """Return whether no event was ever put on."""
    return db.events.find_one({}, {"_id": True}) is None


@reading
def find_many(db: Database, ids: Collection[str]) -> dict[str, Event]:
    """Find these events, by id; those that can't be read are left out."""
    return find_all(db, ids)


def find_all(
    db: Database, ids: Collection[str], session: ClientSession | None = None
) -> dict[str, Event]:
    """Find these events as `find_many` does, as part of another read."""
    found = db.events.find({"_id": {"$in": list(ids)}}, session=session)
    return {event.id: event for event in read_what_can_be(_NAME, found, EVENTS.decode)}


@reading
def sequences_of(db: Database, ids: Collection[str]) -> dict[str, int]:
    """Return the number of the last change of each of these events, without reading the rest."""
    found = db.events.find({"_id": {"$in": list(ids)}}, {"sequence": True})
    numbers = read_what_can_be(
        _NAME, found, lambda fields: (fields.text("_id"), fields.whole("sequence"))
    )
    return dict(numbers)


@reading
def undated(db: Database, limit: int, status: str | None = None) -> list[Event]:
    """List events that have no day, by id."""
    conditions = [*_wanted(Filter(status=status)), {"day": None}]

    def find_first(number: int) -> Iterable[Document]:
        return db.events.find({"$and": conditions}).sort("_id").limit(number)

    return first_readable(_NAME, find_first, limit, EVENTS.decode)


def _beyond(place: Place) -> Document:
    day, id_ = place
    # MongoDB sorts null before every text: after the last undated event come all that have a day.
    if day is None:
        return {"$or": [{"day": None, "_id": {"$gt": id_}}, {"day": {"$type": "string"}}]}
    text = day.isoformat()
    return {"$or": [{"day": text, "_id": {"$gt": id_}}, {"day": {"$gt": text}}]}


def days_taken(
    db: Database, days: Collection[date], *, but_by: str, session: ClientSession
) -> frozenset[date]:
    """Return on which of these days an event other than `but_by` takes place."""
    if not days:
        return frozenset()
    found = db.events.find(
        {
            "status": "scheduled",
            "day": {"$in": [day.isoformat() for day in days], **_TEXT},
            "_id": {"$ne": but_by},
        },
        {"day": True},
        session=session,
    )
    return frozenset(date.fromisoformat(document["day"]) for document in found)


def with_remaining_work(db: Database) -> list[str]:
    """List the events of which a commit may have left something to be done.

    Those that are called off and not yet empty, and those where some wait though tickets are free:
    the head of the list may need more than that, which only a decision can tell.
    """
    found = db.events.find(
        {
            "$or": [
                NOT_YET_EMPTY,
                {"status": "cancelled", **AWAITED},
                {"status": "scheduled", **AWAITED, "$expr": {"$lt": ["$sold", "$capacity"]}},
            ]
        },
        {"_id": True},
    )
    return [document["_id"] for document in found]


@reading
def count_waiting(db: Database) -> tuple[int, int]:
    """Count the events that somebody waits for, and the bookings that wait."""
    rows = list(
        db.events.aggregate(
            [
                {"$match": {"status": "scheduled", **AWAITED}},
                {"$group": {"_id": None, "events": {"$sum": 1}, "bookings": {"$sum": "$waiting"}}},
            ]
        )
    )
    return (rows[0]["events"], rows[0]["bookings"]) if rows else (0, 0)


def collection_id(db: Database) -> str:
    """Return what tells this database from every other, also from one that it was restored to."""
    collections = db.list_collections(filter={"name": _NAME})
    return f"{db.name}/{next((each['info']['uuid'].hex() for each in collections), '')}"


def all_ids(db: Database) -> list[str]:
    """List the ids of all events, tombstones of deleted ones included."""
    return [document["_id"] for document in db.events.find({}, {"_id": True}).sort("_id")]


@reading
def monthly(db: Database, first: date, last: date) -> Mapping[tuple[int, int], MonthFigures]:
    """Gather the figures of the months; see `monthly_in`."""
    return monthly_in(db, first, last, None)


def monthly_in(
    db: Database, first: date, last: date, session: ClientSession | None
) -> Mapping[tuple[int, int], MonthFigures]:
    """Gather the figures of the months from `first` to `last`, both days included.

    An aggregation over events alone: what it costs does not depend on the number of bookings.
    Undated, called-off and deleted events do not count. Months without events are left out.
    """
    rows = db.events.aggregate(
        [
            {
                "$match": {
                    "status": "scheduled",
                    "day": {"$gte": first.isoformat(), "$lte": last.isoformat(), **_TEXT},
                }
            },
            {
                "$group": {
                    "_id": {"$substrCP": ["$day", 0, 7]},
                    "events": {
                        "$push": {
                            "_id": "$_id",
                            "day": "$day",
                            "sold": "$sold",
                            "capacity": "$capacity",
                            "revenue": "$revenue",
                        }
                    },
                }
            },
        ],
        session=session,
    )
    figures = {}
    for row in rows:
        events = list(read_what_can_be(_NAME, row["events"], _figures_of))
        if events:
            day = events[0].day
            figures[day.year, day.month] = MonthFigures(
                day.year,
                day.month,
                sum(event.revenue for event in events),
                [(event.sold, event.capacity) for event in events],
            )
    return figures


@dataclass(frozen=True, slots=True)
class _FiguresOfOne:
    day: date
    sold: int
    capacity: int
    revenue: int


def _figures_of(fields: Fields) -> _FiguresOfOne:
    day = fields.day_or_none("day")
    if day is None:
        raise fields.odd("day")
    return _FiguresOfOne(
        day, fields.whole("sold"), fields.whole("capacity", 1), fields.whole("revenue")
    )

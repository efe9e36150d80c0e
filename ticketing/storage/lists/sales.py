"""Sales over the counter in MongoDB, as lists and sums: bookings without a customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from ticketing.domain.bookings import Booking
from ticketing.domain.places import Place
from ticketing.domain.sales import Evening, SellerTakings, Takings, Tally
from ticketing.storage.bookings import beyond
from ticketing.storage.customers import OF_NOBODY
from ticketing.storage.documents import BOOKINGS, Fields, first_readable, read
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading
from ticketing.storage.migrations.schema import BY_TIME, ENDED_SALE

_NAME = "bookings"

_STATUSES = ("confirmed", "cancelled")

_NO_SUCH_INDEX = 2  # BadValue, of a hint

_WHOLE: Document = {"$type": ["int", "long"]}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sales to list; None stands for any. `since` is included, `until` is not."""

    event: str | None = None
    actor: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@reading
def page(db: Database, wanted: Filter, after: Place, limit: int) -> list[Booking]:
    """List sales by time, from the first after a place."""
    conditions = {"$and": [_wanted(wanted), beyond(after)]}

    def find_first(number: int) -> Iterable[Document]:
        return db.bookings.find(conditions).sort(BY_TIME).limit(number)

    return first_readable(_NAME, find_first, limit, BOOKINGS.decode)


@reading
def page_of_event(db: Database, wanted: Filter, after: int, limit: int) -> list[Booking]:
    """List the sales of one event, from the first after a sequence."""
    conditions = {**_wanted(wanted), "sequence": {"$gt": after}}

    def find_first(number: int) -> Iterable[Document]:
        found = db.bookings.find(conditions).sort("sequence", ASCENDING).limit(number)
        try:
            # By itself MongoDB may choose to sort all that one actor or one evening has.
            return list(found.clone().hint("sales_of_event"))
        except OperationFailure as error:
            if error.code != _NO_SUCH_INDEX:
                raise
            return found

    return first_readable(_NAME, find_first, limit, BOOKINGS.decode)


@reading
def latest(db: Database, wanted: Filter, limit: int) -> list[Booking]:
    """List the last sales, the newest first."""

    def find_first(number: int) -> Iterable[Document]:
        backwards = [(name, DESCENDING) for name, _ in BY_TIME]
        return db.bookings.find(_wanted(wanted)).sort(backwards).limit(number)

    return first_readable(_NAME, find_first, limit, BOOKINGS.decode)


def _wanted(wanted: Filter) -> Document:
    # Each status by name, so that MongoDB merges what it finds of each by an index in order.
    conditions: Document = {
        **OF_NOBODY,
        "status": wanted.status if wanted.status else {"$in": list(_STATUSES)},
        **_within("created_at", wanted.since, wanted.until),
    }
    if wanted.event is not None:
        conditions["event"] = wanted.event
    if wanted.actor is not None:
        conditions["sold_by"] = wanted.actor
    return conditions


def _within(field: str, since: datetime | None, until: datetime | None) -> Document:
    bounds = {"$gte": since, "$lt": until}
    given = {operator: bound for operator, bound in bounds.items() if bound is not None}
    return {field: given} if given else {}


@reading
def evening(db: Database, since: datetime, until: datetime, event: str | None = None) -> Evening:
    """Add up, by actor, what was sold and what was ended in this time, from one moment.

    What it costs depends on what was sold and ended in this time alone. What can't be added up is
    left out; `verify` names it.
    """
    of_event: Document = {} if event is None else {"event": event}
    sold = {**OF_NOBODY, "status": {"$in": list(_STATUSES)}, **_within("created_at", since, until)}
    ended = {**ENDED_SALE, "cancelled_at": {"$gte": since, "$lt": until, "$type": "date"}}
    with db.client.start_session(snapshot=True) as session:
        tallies = {
            "sold": _tally(db, {**sold, **of_event}, "$sold_by", session),
            "returned": _tally(
                db, {**ended, **of_event, "reason": {"$ne": "called_off"}}, "$cancelled_by", session
            ),
            "called_off": _tally(
                db, {**ended, **of_event, "reason": "called_off"}, "$cancelled_by", session
            ),
        }
    actors = {actor for by_actor in tallies.values() for actor in by_actor}
    return Evening(
        [
            SellerTakings(
                actor,
                Takings(
                    **{what: found[actor] for what, found in tallies.items() if actor in found}
                ),
            )
            for actor in sorted(actors, key=lambda actor: (actor is None, actor))
        ]
    )


def _tally(
    db: Database, conditions: Document, by: str, session: ClientSession
) -> Mapping[str | None, Tally]:
    rows = db.bookings.aggregate(
        [
            {"$match": {**conditions, "tickets": _WHOLE, "total": _WHOLE}},
            {
                "$group": {
                    "_id": {"$ifNull": [by, None]},
                    "sales": {"$sum": 1},
                    "tickets": {"$sum": "$tickets"},
                    "total": {"$sum": "$total"},
                }
            },
        ],
        session=session,
    )
    return dict(read(_NAME, row, _tally_of) for row in rows)


def _tally_of(fields: Fields) -> tuple[str | None, Tally]:
    return fields.text_or_none("_id"), Tally(
        fields.whole("sales"), fields.whole("tickets"), fields.whole("total")
    )

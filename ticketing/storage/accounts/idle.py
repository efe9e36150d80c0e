"""Customers who are to be forgotten: who may be, since when, and who is back.

`seen_at` is when something was last known of a customer as of the last look, or the day of what
they hold, which may be to come. Whoever is to be forgotten is marked first, and forgotten once no
commit can be under way that has not seen the mark: those who are idle after a while, those who
leave behind a fence (`ticketing.storage.events.fence_all`). A booking takes the mark away in its
commit (`ticketing.storage.writes.change_sets`), so it and the erasure can't both happen.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from ticketing.domain.identity.customers import Customer
from ticketing.domain.identity.users import Role, User
from ticketing.storage.customers import HAS_KEY, find_many, of_customer
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading, writing
from ticketing.storage.driver.units_of_work import Conflict, time_of


@reading
def due(db: Database, before: datetime, limit: int) -> list[str]:
    """List the ids of customers who have to be looked at: never seen to, or last seen before."""
    never = db.customers.find({**HAS_KEY, "seen_at": None}, {"_id": True}).limit(limit)
    found = [document["_id"] for document in never]
    if len(found) < limit:
        long_ago = {**HAS_KEY, "seen_at": {"$lte": before}}
        rest = db.customers.find(long_ago, {"_id": True}).sort("seen_at").limit(limit - len(found))
        found += [document["_id"] for document in rest]
    return found


def last_seen(
    db: Database,
    customer: str,
    created_at: datetime | None,
    user: User | None,
    session: ClientSession,
) -> datetime | None:
    """Return when something was last heard of a customer, or the day of what they still hold.

    None is somebody who stays whatever they do: staff, and who holds something without a day.
    """
    moments = [created_at, *_of_account(user)]
    held = db.bookings.aggregate(_booked_by(customer), session=session)
    for found in held:
        moments += [found["created"], found["ended"]]
        days = db.events.find(
            {"_id": {"$in": found["events"]}, "status": "scheduled"}, {"day": True}, session=session
        )
        for event in days:
            if event["day"] is None:
                return None
            moments.append(_end_of(date.fromisoformat(event["day"])))
    if user is not None and user.role is not Role.CUSTOMER:
        return None
    return max((moment for moment in moments if moment), default=_LONG_AGO)


def note_seen(db: Database, customer: str, at: datetime, session: ClientSession) -> None:
    """Note when a customer was last seen: they are not idle."""
    db.customers.update_one(
        {"_id": customer}, {"$set": {"seen_at": at}, "$unset": {"idle_since": True}},
        session=session,
    )  # fmt: skip


def mark(db: Database, customer: str, at: datetime, session: ClientSession) -> None:
    """Mark a customer who is idle, since MongoDB's present moment."""
    changes = {"$currentDate": {"idle_since": True}, "$set": {"seen_at": at}}
    db.customers.update_one({"_id": customer}, changes, session=session)


@writing
def mark_leaving(db: Database, customer: str) -> datetime | None:
    """Mark a customer who is to be forgotten now, and return since when they are marked.

    A mark that is there stays as it is. None is somebody who has been forgotten.
    """
    since: Document = {"$ifNull": ["$idle_since", "$$NOW"]}
    document = db.customers.find_one_and_update(
        {"_id": customer, **HAS_KEY},
        [{"$set": {"idle_since": since}}],
        projection={"idle_since": True},
        return_document=ReturnDocument.AFTER,
    )
    return document["idle_since"] if document else None


def find_marked(
    db: Database, customer: str, since: datetime, session: ClientSession
) -> Customer | None:
    """Find a customer who has been marked since that moment all the time."""
    # Compared by the moment: whoever was kept in between and marked again has a later one.
    found = find_many(db, {customer}, session).get(customer)
    return found if found is not None and found.idle_since == since else None


def is_settled(since: datetime, session: ClientSession, settle_s: float) -> bool:
    """Return whether every commit that is under way has begun after a mark."""
    return since <= time_of(session) - timedelta(seconds=settle_s)


def keep(db: Database, customers: Collection[str], session: ClientSession) -> None:
    """Take any mark of customers away who get tickets; raises Conflict where one is forgotten."""
    done = db.customers.update_many(
        {"_id": {"$in": list(customers)}, **HAS_KEY},
        {"$unset": {"idle_since": True}, "$currentDate": {"seen_at": True}},
        session=session,
    )
    # Whoever is erased has no key any more: decided anew, this finds that they are gone.
    if done.matched_count != len(customers):
        raise Conflict


@writing
def put_off(db: Database, customer: str, until: datetime) -> None:
    """Look at a customer again after so long, who could not be looked at just now."""
    db.customers.update_one({"_id": customer}, {"$set": {"seen_at": until}})


def _of_account(user: User | None) -> list[datetime | None]:
    return [user.created_at, user.seen_at] if user else []


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def _booked_by(customer: str) -> list[Document]:
    return [
        {"$match": of_customer(customer)},
        {
            "$group": {
                "_id": None,
                "created": {"$max": "$created_at"},
                "ended": {"$max": "$cancelled_at"},
                "events": {"$addToSet": "$event"},
            }
        },
    ]

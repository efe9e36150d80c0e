"""Users in MongoDB: unique by the key of their address."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError, PyMongoError

from ticketing.domain.errors import EmailTaken, UnusableName, UserNotFound
from ticketing.domain.identity.names import address_key
from ticketing.domain.identity.users import ROLES, User, former_key, role_of
from ticketing.domain.places import Place, Row
from ticketing.storage.documents import (
    Fields,
    UnreadableDocument,
    first_readable,
    read,
    read_what_can_be,
)
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading, writing
from ticketing.storage.driver.units_of_work import Conflict
from ticketing.storage.lists import by_creation
from ticketing.storage.migrations.schema import ADMINS, LEAVING

_NAME = "users"

# How exactly it is known when somebody was here last: each time would be a write for every read.
_EXACTNESS = timedelta(days=1)

# No request is under way for longer, so none of those that a user made while active.
_LONGEST_REQUEST_S = 60


def insert(db: Database, user: User, session: ClientSession | None = None) -> None:
    """Add a user; raises EmailTaken."""
    try:
        db.users.insert_one(_document(user), session=session)
    except DuplicateKeyError:
        raise EmailTaken from None


@reading
def find(db: Database, id_: str) -> User | None:
    """Find a user by id."""
    document = db.users.find_one({"_id": id_})
    return read(_NAME, document, _user) if document else None


@reading
def find_many(
    db: Database, ids: Collection[str], unreadable: list[UnreadableDocument] | None = None
) -> list[User]:
    """Find these users; those that are not there are left out, and so are `unreadable` ones."""
    found = db.users.find({"_id": {"$in": list(ids)}})
    return list(read_what_can_be(_NAME, found, _user, unreadable))


@reading
def find_by_email(db: Database, email: str) -> User | None:
    """Find a user by e-mail address, in any spelling of it; None for what is no address."""
    former = former_key(email)
    found = {
        document["email_key"]: document
        for document in db.users.find({"email_key": {"$in": [former, *_keys(email)]}})
    }
    # Two users of before may be called the same today: whoever is named exactly is meant.
    document = found.get(former) or next(iter(found.values()), None)
    return read(_NAME, document, _user) if document else None


def _keys(email: str) -> list[str]:
    try:
        return [address_key(email)]
    except UnusableName:
        return []


@reading
def page(db: Database, after: Place, limit: int, email: str | None = None) -> list[User]:
    """List users by the time at which they registered, from the first after a place.

    With an address, those who are known by it.
    """
    conditions = by_creation.beyond(after)
    if email is not None:
        conditions["email_key"] = {"$in": [former_key(email), *_keys(email)]}

    def find_first(number: int) -> Iterable[Document]:
        return db.users.find(conditions).sort(by_creation.ORDER).limit(number)

    return first_readable(_NAME, find_first, limit, _user)


def row_of(user: User) -> Row:
    """Return what a user is ordered by in the list."""
    return by_creation.row_of(user.id, user.created_at)


def get(db: Database, id_: str, session: ClientSession) -> User:
    """Return a user, as of this unit of work; raises UserNotFound."""
    user = find_by_id_within(db, id_, session)
    if user is None:
        raise UserNotFound
    return user


def find_within(db: Database, key: str, session: ClientSession) -> User | None:
    """Find a user by the key of their address, as of this unit of work."""
    document = db.users.find_one({"email_key": key}, session=session)
    return read(_NAME, document, _user) if document else None


def find_by_id_within(db: Database, id_: str, session: ClientSession) -> User | None:
    """Find a user, as of this unit of work."""
    document = db.users.find_one({"_id": id_}, session=session)
    return read(_NAME, document, _user) if document else None


def replace(db: Database, before: User, after: User, session: ClientSession) -> None:
    """Write what differs between two states of a user; raises EmailTaken.

    Raises Conflict where they are in another state by now.
    """
    old, new = _document(before), _document(after)
    update: Document = {"$set": {name: new[name] for name in new if new[name] != old[name]}}
    # Tokens of an earlier generation are worthless altogether, signed out or not.
    if after.generation != before.generation:
        update["$set"]["signed_out"] = []
    if before.active and not after.active:
        update["$currentDate"] = {"leaving": True}
    elif after.active and not before.active:
        update["$unset"] = {"leaving": True}
    known = {"_id": before.id, "sequence": before.sequence}
    try:
        done = db.users.update_one(known, update, session=session)
    except DuplicateKeyError:
        raise EmailTaken from None
    if not done.matched_count:
        raise Conflict


def after(
    db: Database,
    id_: str,
    limit: int,
    session: ClientSession,
    unreadable: list[UnreadableDocument],
) -> tuple[list[User], str | None]:
    """List users by id, from the first after one, and the id of the last that was looked at.

    The id is None where there are no more. Those that can't be read go to `unreadable`.
    """
    found = list(db.users.find({"_id": {"$gt": id_}}, session=session).sort("_id").limit(limit))
    last = found[-1]["_id"] if len(found) == limit else None
    return list(read_what_can_be(_NAME, found, _user, unreadable)), last


def link(db: Database, id_: str, customer: str, session: ClientSession | None = None) -> None:
    """Note whose bookings are this user's."""
    db.users.update_one({"_id": id_}, {"$set": {"customer": customer}}, session=session)


def has_other_admins(db: Database, id_: str, session: ClientSession) -> bool:
    """Return whether there is an active administrator beside this one.

    Two who take each other's power at the same moment would each see the other: so all who ask this
    write one document, and MongoDB lets one of them through.
    """
    db.leases.update_one(
        {"_id": "administrators"}, {"$inc": {"changes": 1}}, upsert=True, session=session
    )
    found = db.users.find_one({**ADMINS, "_id": {"$ne": id_}}, {"_id": True}, session=session)
    return found is not None


@reading
def leaving(db: Database, limit: int) -> list[User]:
    """List users who were deactivated and may still be on a list, the first to go first."""
    return first_readable(
        _NAME, lambda number: db.users.find(LEAVING).sort("leaving").limit(number), limit, _user
    )


@writing
def has_left(db: Database, id_: str) -> None:
    """Note that a deactivated user is on no list, once none of their requests can be under way."""
    a_while_ago = {
        "$dateSubtract": {"startDate": "$$NOW", "unit": "second", "amount": _LONGEST_REQUEST_S}
    }
    db.users.update_one(
        {"_id": id_, "active": False, "$expr": {"$lt": ["$leaving", a_while_ago]}},
        {"$unset": {"leaving": True}},
    )


@writing
def rehash(db: Database, user: User, password_hash: str) -> None:
    """Keep a new hash of the same password, unless it has been changed meanwhile."""
    db.users.update_one(
        {"_id": user.id, "password_hash": user.password_hash},
        {"$set": {"password_hash": password_hash}},
    )


def note_seen(db: Database, user: User, now: datetime) -> None:
    """Note when a user was here, if that is not known to a day; no request fails for it."""
    if user.seen_at is None or now - user.seen_at >= _EXACTNESS:
        with suppress(PyMongoError):
            db.users.update_one({"_id": user.id}, {"$max": {"seen_at": now}})


@writing
def sign_out(db: Database, id_: str, token: str, expires_at: datetime, now: datetime) -> None:
    """Make one token worthless; forget those that have expired anyway."""
    # In two updates, since MongoDB takes one operator for a field in each.
    db.users.update_one({"_id": id_}, {"$pull": {"signed_out": {"until": {"$lt": now}}}})
    db.users.update_one(
        {"_id": id_}, {"$push": {"signed_out": {"token": token, "until": expires_at}}}
    )


def _document(user: User) -> Document:
    return {
        "_id": user.id,
        "email": user.email,
        "email_key": user.key,
        "role": user.role.word,
        "active": user.active,
        "password_hash": user.password_hash,
        "generation": user.generation,
        "signed_out": [],
        "created_at": user.created_at,
        "verified": user.verified,
        "sequence": user.sequence,
        "second_factor": user.second_factor,
        **({"customer": user.customer_id} if user.customer_id else {}),
    }


def _user(fields: Fields) -> User:
    signed_out = [Fields(_mapping(item)) for item in fields.sequence("signed_out")]
    return User(
        id=fields.text("_id"),
        email=fields.text("email"),
        key=fields.text("email_key"),
        role=role_of(fields.word("role", ROLES)),
        active=fields.truth("active"),
        password_hash=fields.text("password_hash"),
        generation=fields.whole("generation", 1),
        signed_out=frozenset(item.text("token") for item in signed_out),
        created_at=fields.moment("created_at"),
        verified=fields.truth("verified"),
        sequence=fields.whole("sequence"),
        customer_id=fields.text("customer") if fields.has("customer") else None,
        second_factor=fields.text("second_factor") if fields.has("second_factor") else "",
        seen_at=fields.moment("seen_at") if fields.has("seen_at") else None,
    )


def _mapping(item: object) -> Document:
    return Fields({"signed_out": item}).mapping("signed_out")

"""Users in MongoDB: unique by the key of their address."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from ticketing.domain.errors import Busy, EmailTaken, LastAdmin, UnusableName, UserNotFound
from ticketing.domain.identity.names import address_key
from ticketing.domain.identity.users import ROLES, User, former_key, role_of
from ticketing.storage import customers
from ticketing.storage.documents import Fields, first_readable, read
from ticketing.storage.driver.clients import OPERATION_TIMEOUT_S, Database, Document
from ticketing.storage.driver.reads import reading, writing
from ticketing.storage.driver.units_of_work import Conflict, unit_of_work
from ticketing.storage.migrations.schema import ADMINS, LEAVING

_NAME = "users"

# No request is under way for longer, so none of those that a user made while active.
_LONGEST_REQUEST_S = 60


@writing
def insert(db: Database, user: User) -> None:
    """Add a user; raises EmailTaken."""
    try:
        db.users.insert_one(_document(user))
    except DuplicateKeyError:
        raise EmailTaken from None


@reading
def find(db: Database, id_: str) -> User | None:
    """Find a user by id."""
    document = db.users.find_one({"_id": id_})
    return read(_NAME, document, _user) if document else None


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
def page(db: Database, after: str | None, limit: int) -> list[User]:
    """List users by id, from the first after an id."""
    conditions = {"_id": {"$gt": after}} if after is not None else {}

    def find_first(number: int) -> Iterable[Document]:
        return db.users.find(conditions).sort("_id").limit(number)

    return first_readable(_NAME, find_first, limit, _user)


@writing
def change(db: Database, id_: str, values: Document, *, revoke: bool) -> User:
    """Give a user new values; with `revoke` all tokens become worthless. Raises UserNotFound."""
    return _in_one_commit(db, lambda session: _change(db, id_, values, session, revoke=revoke))


@writing
def link(db: Database, id_: str, customer: str) -> None:
    """Note whose bookings are this user's."""
    db.users.update_one({"_id": id_}, {"$set": {"customer": customer}})


@writing
def change_unless_last_admin(db: Database, id_: str, values: Document, *, revoke: bool) -> User:
    """Change a user who is an administrator and will not be one; raises UserNotFound, LastAdmin.

    Two who do that to each other at the same moment would each see the other: so all such changes
    write one document, and MongoDB lets one of them through.
    """

    def work(session: ClientSession) -> User:
        db.leases.update_one(
            {"_id": "administrators"}, {"$inc": {"changes": 1}}, upsert=True, session=session
        )
        if not _another_admin(db, id_, session):
            raise LastAdmin
        return _change(db, id_, values, session, revoke=revoke)

    return _in_one_commit(db, work)


def _in_one_commit(db: Database, work: Callable[[ClientSession], User]) -> User:
    until = time.monotonic() + OPERATION_TIMEOUT_S
    while (seconds := until - time.monotonic()) > 0:
        try:
            return unit_of_work(db.client, work, seconds=seconds)
        except Conflict:
            time.sleep(random.uniform(0, 0.05))
    raise Busy


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


def _change(
    db: Database, id_: str, values: Document, session: ClientSession | None, *, revoke: bool
) -> User:
    if "active" in values:
        customers.set_active(db, id_, session, active=values["active"])
    update: Document = {"$set": values}
    if revoke:
        update["$inc"] = {"generation": 1}
        update["$set"] = {**values, "signed_out": []}
    if values.get("active") is False:
        update["$currentDate"] = {"leaving": True}
    elif values.get("active") is True:
        update["$unset"] = {"leaving": True}
    document = db.users.find_one_and_update(
        {"_id": id_}, update, return_document=ReturnDocument.AFTER, session=session
    )
    if document is None:
        raise UserNotFound
    return read(_NAME, document, _user)


def _another_admin(db: Database, id_: str, session: ClientSession) -> bool:
    found = db.users.find_one({**ADMINS, "_id": {"$ne": id_}}, {"_id": True}, session=session)
    return found is not None


@writing
def rehash(db: Database, user: User, password_hash: str) -> None:
    """Keep a new hash of the same password, unless it has been changed meanwhile."""
    db.users.update_one(
        {"_id": user.id, "password_hash": user.password_hash},
        {"$set": {"password_hash": password_hash}},
    )


@writing
def sign_out(db: Database, id_: str, token: str, expires_at: datetime, now: datetime) -> None:
    """Make one token worthless; forget those that have expired anyway."""
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
        customer_id=fields.text("customer") if fields.has("customer") else None,
    )


def _mapping(item: object) -> Document:
    return Fields({"signed_out": item}).mapping("signed_out")

"""Users in MongoDB: unique by e-mail address without regard to case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from ticketing.domain.errors import EmailTaken, UserNotFound
from ticketing.domain.users import User, email_key, role_of
from ticketing.storage.clients import Database, Document
from ticketing.storage.reading import reading


@reading
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
    return _user(document) if document else None


@reading
def find_by_email(db: Database, email: str) -> User | None:
    """Find a user by e-mail address, without regard to case."""
    document = db.users.find_one({"email_key": email_key(email)})
    return _user(document) if document else None


@reading
def page(db: Database, after: str | None, limit: int) -> list[User]:
    """List users by id, from the first after an id."""
    conditions = {"_id": {"$gt": after}} if after is not None else {}
    return [_user(document) for document in db.users.find(conditions).sort("_id").limit(limit)]


@reading
def change(db: Database, id_: str, values: Document, *, revoke: bool) -> User:
    """Give a user new values; with `revoke` all tokens become worthless. Raises UserNotFound."""
    update: Document = {"$set": values}
    if revoke:
        update["$inc"] = {"generation": 1}
        update["$set"] = {**values, "signed_out": []}
    document = db.users.find_one_and_update(
        {"_id": id_}, update, return_document=ReturnDocument.AFTER
    )
    if document is None:
        raise UserNotFound
    return _user(document)


@reading
def rehash(db: Database, user: User, password_hash: str) -> None:
    """Keep a new hash of the same password, unless it has been changed meanwhile."""
    db.users.update_one(
        {"_id": user.id, "password_hash": user.password_hash},
        {"$set": {"password_hash": password_hash}},
    )


@reading
def sign_out(db: Database, id_: str, token: str, expires_at: datetime, now: datetime) -> None:
    """Make one token worthless; forget those that have expired anyway."""
    db.users.update_one({"_id": id_}, {"$pull": {"signed_out": {"until": {"$lt": now}}}})
    db.users.update_one(
        {"_id": id_}, {"$push": {"signed_out": {"token": token, "until": expires_at}}}
    )


@reading
def count_admins(db: Database, *, but: str) -> int:
    """Count the active administrators other than one."""
    return db.users.count_documents({"role": "admin", "active": True, "_id": {"$ne": but}})


def _document(user: User) -> Document:
    return {
        "_id": user.id,
        "email": user.email,
        "email_key": email_key(user.email),
        "role": user.role.word,
        "active": user.active,
        "password_hash": user.password_hash,
        "generation": user.generation,
        "signed_out": [],
        "created_at": user.created_at,
    }


def _user(document: Mapping[str, Any]) -> User:
    return User(
        id=document["_id"],
        email=document["email"],
        role=role_of(document["role"]),
        active=document["active"],
        password_hash=document["password_hash"],
        generation=document["generation"],
        signed_out=frozenset(item["token"] for item in document["signed_out"]),
        created_at=document["created_at"],
    )

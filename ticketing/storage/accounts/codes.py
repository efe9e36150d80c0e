"""Codes that somebody has been sent, of which only the hash is stored: each is good once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pymongo.client_session import ClientSession

from ticketing.domain.errors import CodeNotFound
from ticketing.storage.documents import Fields, read
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading

_NAME = "user_codes"

Purpose = Literal["verify", "address", "reset"]
_PURPOSES: tuple[Purpose, ...] = ("verify", "address", "reset")


@dataclass(frozen=True, slots=True)
class Code:
    """What a code is good for: to verify an address, to change to one, or to set a password.

    `key` is of the address that the account had, and has to have. `password_hash` is what was
    chosen with the registration that it verifies, `email` the address that it changes to.
    """

    purpose: Purpose
    user: str
    key: str
    expires_at: datetime
    password_hash: str | None = None
    email: str | None = None


def insert(db: Database, secret: str, code: Code, session: ClientSession) -> None:
    """Add a code."""
    document: Document = {
        "_id": _hash(secret),
        "purpose": code.purpose,
        "user": code.user,
        "key": code.key,
        "expires_at": code.expires_at,
    }
    if code.password_hash is not None:
        document["password_hash"] = code.password_hash
    if code.email is not None:
        document["email"] = code.email
    db.user_codes.insert_one(document, session=session)


@reading
def find(db: Database, secret: str, purposes: Collection[Purpose], now: datetime) -> Code | None:
    """Find a code that is still good for one of these."""
    return _find(db, secret, purposes, now, None)


def use(
    db: Database,
    secret: str,
    purposes: Collection[Purpose],
    now: datetime,
    session: ClientSession,
) -> Code:
    """Return a code and have it, and its user's others for the same, be good no more.

    Raises CodeNotFound.
    """
    code = _find(db, secret, purposes, now, session)
    if code is None:
        raise CodeNotFound
    forget(db, code.user, code.purpose, session)
    return code


def _find(
    db: Database,
    secret: str,
    purposes: Collection[Purpose],
    now: datetime,
    session: ClientSession | None,
) -> Code | None:
    document = db.user_codes.find_one({"_id": _hash(secret)}, session=session)
    code = read(_NAME, document, _code) if document else None
    # MongoDB removes what has expired within a minute or so.
    if code is None or code.purpose not in purposes or code.expires_at <= now:
        return None
    return code


def forget(db: Database, user_id: str, purpose: Purpose, session: ClientSession) -> None:
    """Remove all codes of a user for this."""
    db.user_codes.delete_many({"user": user_id, "purpose": purpose}, session=session)


def rehash(db: Database, user_id: str, old: str, new: str, session: ClientSession) -> None:
    """Give the code of a registration the password that took the place of its own."""
    db.user_codes.update_many(
        {"user": user_id, "purpose": "verify", "password_hash": old},
        {"$set": {"password_hash": new}},
        session=session,
    )


def lifetime(purpose: Purpose) -> timedelta:
    """Return how long a code is good for this."""
    return timedelta(hours=1) if purpose == "reset" else timedelta(days=3)


def _hash(secret: str) -> str:
    # 192 random bits need no salt and no slow hash.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _code(fields: Fields) -> Code:
    return Code(
        purpose=fields.word("purpose", _PURPOSES),
        user=fields.text("user"),
        key=fields.text("key"),
        expires_at=fields.moment("expires_at"),
        password_hash=fields.text("password_hash") if fields.has("password_hash") else None,
        email=fields.text("email") if fields.has("email") else None,
    )

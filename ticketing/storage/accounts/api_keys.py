"""API keys in MongoDB: by hash, so that whoever reads the database can't use one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from pymongo.errors import DuplicateKeyError, PyMongoError

from ticketing.domain.errors import ApiKeyNotFound, KeyNameTaken
from ticketing.domain.identity.api_keys import KEY_ROLES, ApiKey
from ticketing.domain.identity.users import role_of
from ticketing.domain.places import Place, Row
from ticketing.storage.documents import Fields, first_readable, read
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading, writing
from ticketing.storage.lists import by_creation

_NAME = "api_keys"
_ROLES = tuple(role.word for role in KEY_ROLES)

# How exactly it is known when a key was used last: each time would be a write for every read.
_EXACTNESS = timedelta(minutes=1)


@writing
def insert(db: Database, key: ApiKey, secret: str) -> None:
    """Add a key; raises KeyNameTaken where one that is good has the name."""
    try:
        db.api_keys.insert_one(
            {
                "_id": key.id,
                "name": key.name,
                "role": key.role.word,
                "prefix": key.prefix,
                "hash": _hash(secret),
                "created_at": key.created_at,
                "created_by": key.created_by,
                "good": True,
            }
        )
    except DuplicateKeyError:
        raise KeyNameTaken from None


@reading
def find_good(db: Database, secret: str) -> ApiKey | None:
    """Find a key that lets somebody in; one indexed read."""
    document = db.api_keys.find_one({"hash": _hash(secret), "good": True})
    return read(_NAME, document, _key) if document else None


@reading
def find(db: Database, id_: str) -> ApiKey | None:
    """Find a key by id, be it good or revoked."""
    document = db.api_keys.find_one({"_id": id_})
    return read(_NAME, document, _key) if document else None


def note_use(db: Database, key: ApiKey, now: datetime) -> None:
    """Note when a key was used, if that is not known to a minute; no request fails for it."""
    if key.last_used_at is not None and now - key.last_used_at < _EXACTNESS:
        return
    with suppress(PyMongoError):
        db.api_keys.update_one({"_id": key.id}, {"$max": {"last_used_at": now}})


@reading
def page(db: Database, after: Place, limit: int) -> list[ApiKey]:
    """List keys by the time at which they were made, from the first after a place."""

    def find_first(number: int) -> Iterable[Document]:
        found = db.api_keys.find(by_creation.beyond(after))
        return found.sort(by_creation.ORDER).limit(number)

    return first_readable(_NAME, find_first, limit, _key)


def row_of(key: ApiKey) -> Row:
    """Return what a key is ordered by in the list."""
    return by_creation.row_of(key.id, key.created_at)


@writing
def revoke(db: Database, id_: str, by: str, now: datetime) -> None:
    """Revoke a key, once: again changes nothing. Raises ApiKeyNotFound."""
    revoked = {"revoked_at": now, "revoked_by": by}
    done = db.api_keys.update_one(
        {"_id": id_, "good": True}, {"$set": revoked, "$unset": {"good": True}}
    )
    if not done.matched_count and db.api_keys.find_one({"_id": id_}, {"_id": True}) is None:
        raise ApiKeyNotFound


def _hash(secret: str) -> str:
    # 256 random bits need no salt and no slow hash.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(fields: Fields) -> ApiKey:
    return ApiKey(
        id=fields.text("_id"),
        name=fields.text("name"),
        role=role_of(fields.word("role", _ROLES)),
        prefix=fields.text("prefix"),
        created_at=fields.moment("created_at"),
        created_by=fields.text("created_by"),
        last_used_at=fields.moment("last_used_at") if fields.has("last_used_at") else None,
        revoked_at=fields.moment("revoked_at") if fields.has("revoked_at") else None,
        revoked_by=fields.text("revoked_by") if fields.has("revoked_by") else None,
    )

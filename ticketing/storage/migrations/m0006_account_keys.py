"""Give users of before the key that their address has today.

Where it has none, or an older account has the same, the user keeps the key of before under another
name: nobody who could sign in is locked out, and nobody is joined with somebody else.
"""

from __future__ import annotations

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from ticketing.domain.errors import UnusableName
from ticketing.domain.identity.names import ADDRESS, address_key
from ticketing.domain.identity.users import former_key
from ticketing.storage.driver.clients import Database, Document


def apply(db: Database) -> None:
    """Write the keys, those of the oldest accounts first."""
    of_before = {"email_key": {"$not": {"$regex": f"^({ADDRESS}|{former_key('')})"}}}
    for user in db.users.find(of_before).sort([("created_at", ASCENDING), ("_id", ASCENDING)]):
        _rename(db, user)


def _rename(db: Database, user: Document) -> None:
    former = former_key(user["email"])
    try:
        key = address_key(user["email"])
    except UnusableName:
        key = former
    # Where the users have been copied without their index, nothing else would tell.
    if db.users.find_one({"email_key": key, "_id": {"$ne": user["_id"]}}, {"_id": True}):
        key = former
    try:
        _set(db, user, key)
    except DuplicateKeyError:
        _set(db, user, former)


def _set(db: Database, user: Document, key: str) -> None:
    db.users.update_one({"_id": user["_id"]}, {"$set": {"email_key": key}})

"""Removes a person from every collection that knows more of them than their customer's id."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from pymongo.client_session import ClientSession

from ticketing.domain.identity.customers import Customer
from ticketing.storage import leases
from ticketing.storage.customers import SWEEPING
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import writing
from ticketing.storage.writes import idempotency

# What is an account's alone, by its id.
_OF_ACCOUNTS = ("sessions", "user_codes", "second_factors", "outbox")


def erase(db: Database, customer: Customer, session: ClientSession) -> None:
    """Remove what is known of a customer, within one transaction; what is gone already stays so."""
    if customer.user is not None:
        _erase_account(db, customer.user, session)
    # Answers of before customers had ids don't say whom they name, so none of them is left.
    named: Document = {"$or": [{"customers": customer.id}, {"customers": {"$exists": False}}]}
    idempotency.forget(db, named, session)
    if customer.key is not None:
        counted = hashlib.sha256(customer.key.encode()).hexdigest()
        db.user_codes.delete_many({"key": customer.key}, session=session)
        db.rate_attempts.delete_many({"_id": {"$regex": counted}}, session=session)
    db.customers.update_one(
        {"_id": customer.id},
        {
            "$set": {"name": None, "active": False, "sweeping": customer.user or ""},
            "$unset": {"key": True, "user": True, "seen_at": True, "idle_since": True},
            "$currentDate": {"erased_at": True},
        },
        session=session,
    )


def to_sweep(db: Database, before: datetime, limit: int) -> dict[str, str]:
    """Return who was erased before a moment, by id, and whose account was theirs, if any."""
    conditions = {**SWEEPING, "erased_at": {"$lt": before}}
    due = db.customers.find(conditions, {"sweeping": True}).limit(limit)
    return {document["_id"]: document["sweeping"] for document in due}


@writing
def sweep(db: Database, settle_s: float, limit: int) -> None:
    """Remove what requests have stored of customers that were under way when those were erased.

    An erasure is gone over again once none of them can be any more.
    """
    found = to_sweep(db, leases.time_at(db) - timedelta(seconds=settle_s), limit)
    if not found:
        return
    ids, accounts = list(found), [user for user in found.values() if user]
    idempotency.forget(db, {"customers": {"$in": ids}})
    for name in _OF_ACCOUNTS:
        db[name].delete_many({"user": {"$in": accounts}})
    db.customers.update_many({"_id": {"$in": ids}}, {"$unset": {"sweeping": True}})


def _erase_account(db: Database, user: str, session: ClientSession) -> None:
    db.users.delete_one({"_id": user}, session=session)
    for name in _OF_ACCOUNTS:
        db[name].delete_many({"user": user}, session=session)
    db.user_audit.update_many({"user": user}, {"$unset": {"changes.email": True}}, session=session)

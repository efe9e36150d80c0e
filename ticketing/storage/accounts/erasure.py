"""Removes a person from every collection that knows more of them than their customer's id."""

from __future__ import annotations

import hashlib

from pymongo.client_session import ClientSession

from ticketing.domain.identity.customers import Customer
from ticketing.storage.accounts import second_factors
from ticketing.storage.driver.clients import Database, Document


def erase(db: Database, customer: Customer, session: ClientSession) -> None:
    """Remove what is known of a customer, within one transaction; what is gone already stays so."""
    if customer.user is not None:
        _erase_account(db, customer.user, session)
    # Answers of before customers had ids don't say whom they name, so none of them is left.
    named: Document = {"$or": [{"customers": customer.id}, {"customers": {"$exists": False}}]}
    db.idempotency.delete_many(named, session=session)
    if customer.key is not None:
        counted = hashlib.sha256(customer.key.encode()).hexdigest()
        db.user_codes.delete_many({"key": customer.key}, session=session)
        db.rate_attempts.delete_many({"_id": {"$regex": counted}}, session=session)
    db.customers.update_one(
        {"_id": customer.id},
        {
            "$set": {"name": None, "active": False},
            "$unset": {"key": True, "user": True},
            "$currentDate": {"erased_at": True},
        },
        session=session,
    )


def _erase_account(db: Database, user: str, session: ClientSession) -> None:
    db.users.delete_one({"_id": user}, session=session)
    db.sessions.delete_many({"user": user}, session=session)
    db.user_codes.delete_many({"user": user}, session=session)
    second_factors.forget(db, user, session)
    db.outbox.delete_many({"user": user}, session=session)
    db.user_audit.update_many({"user": user}, {"$unset": {"changes.email": True}}, session=session)

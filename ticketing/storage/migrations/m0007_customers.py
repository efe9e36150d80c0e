"""Customers become documents of their own, and bookings and the audit carry their ids.

Until now each booking and entry had `{key, given}` of its own, the key being a name or a user. One
person is now one customer: a user has what was booked for their address before they registered,
where that does not make them hold two active bookings of one event. Where it would, the name keeps
its bookings as a customer beside the user's, under a key that nobody can name.

It also writes into each entry that ended a booking why it did, which followed from the old key.

All servers of before have to be stopped: see docs/adr/0015. Done again after a crash it goes on
where it was: what has an id already is passed by, and customers are found by their keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pymongo import UpdateMany, UpdateOne
from pymongo.collection import Collection

from ticketing.domain.errors import UnusableName
from ticketing.domain.identity.customers import Customer
from ticketing.domain.identity.names import canonical_key
from ticketing.domain.identity.users import former_key
from ticketing.storage.customers import claim, insert_many
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.ids import new_id

_AT_ONCE = 1_000
_OLD: Document = {"customer.key": {"$type": "string"}}
_OLD_GIVER: Document = {"changes.customer.0.key": {"$type": "string"}}
_OF_A_USER = "user:"
_ACTIVE: Document = {"status": {"$in": ["confirmed", "waiting"]}}


def apply(db: Database) -> None:
    """Make the customers, then have bookings and the audit carry their ids."""
    _explain_endings(db)
    for user in db.users.find({"customer": {"$exists": False}}):
        customer = claim(
            db, user["email_key"], user["email"], user["_id"], user["created_at"], None
        )
        if not user["active"]:
            db.customers.update_one({"_id": customer.id}, {"$set": {"active": False}})
        _update(db.users, [UpdateOne({"_id": user["_id"]}, {"$set": {"customer": customer.id}})])
    for batch in _batches(_old_keys(db)):
        ids = {old: _customer_of(db, old, given) for old, given in batch}
        _update(
            db.bookings,
            [
                UpdateMany({"customer.key": old}, {"$set": {"customer": id_}})
                for old, id_ in ids.items()
            ],
        )
        _update(
            db.audit,
            [
                UpdateMany({field + ".key": old}, {"$set": {field: id_}})
                for old, id_ in ids.items()
                for field in ("changes.customer.0", "changes.customer.1", "customer")
            ],
        )


def _explain_endings(db: Database) -> None:
    """Write the reasons of bookings into the entries that ended them."""
    updates = []
    untold = {"action": {"$in": ["cancelled", "returned"]}, "changes.reason": {"$exists": False}}
    for entry in db.audit.find(untold, {"booking": True}):
        booking = db.bookings.find_one({"_id": entry["booking"]}, {"reason": True})
        if booking is not None and booking.get("reason"):
            values = {"changes.reason": [None, booking["reason"]]}
            updates.append(UpdateOne({"_id": entry["_id"]}, {"$set": values}))
        if len(updates) == _AT_ONCE:
            _update(db.audit, updates)
            updates = []
    _update(db.audit, updates)


def _old_keys(db: Database) -> Iterator[tuple[str, str]]:
    """Return each customer of before, by key, with a name; those of the audit may come again."""
    for collection, conditions, field in (
        (db.bookings, _OLD, "$customer"),
        (db.audit, _OLD, "$customer"),
        (db.audit, _OLD_GIVER, {"$arrayElemAt": ["$changes.customer", 0]}),
    ):
        stages: list[Document] = [
            {"$match": conditions},
            {"$project": {"who": field}},
            {"$group": {"_id": "$who.key", "given": {"$first": "$who.given"}}},
        ]
        for row in collection.aggregate(stages, allowDiskUse=True):
            yield row["_id"], row["given"]


def _customer_of(db: Database, old: str, given: str) -> str:
    """Return the id of the customer whom an old key stands for; make them if need be."""
    if old.startswith(_OF_A_USER):
        user = db.users.find_one({"_id": old.removeprefix(_OF_A_USER)}, {"customer": True})
        if user is not None:
            return str(user["customer"])
        return _inserted(db, f"gone:{old}", given)
    # Two old keys can be one name by today's rules. They become one customer, but where that one
    # would hold two bookings of an event, which nobody may: then there is one beside.
    beside = f"beside:{old}"
    known = db.customers.find_one({"key": beside}) or db.customers.find_one({"key": _key_of(given)})
    if known is None:
        return _inserted(db, _key_of(given), given)
    if known["key"] != beside and _would_hold_two(db, old, known):
        return _inserted(db, beside, given)
    return str(known["_id"])


def _would_hold_two(db: Database, old: str, customer: Document) -> bool:
    """Return whether a customer would have two active bookings of an event."""
    # What is that customer's may have been brought over already, or may still be to come.
    named = f"{_OF_A_USER}{customer['user']}" if customer.get("user") else None
    of_old = db.bookings.distinct("event", {"customer.key": old, **_ACTIVE})
    own = {"$or": [{"customer": customer["_id"]}, {"customer.key": named}]}
    return (
        bool(of_old)
        and db.bookings.count_documents({"event": {"$in": of_old}, **_ACTIVE, **own}, limit=1) > 0
    )


def _key_of(given: str) -> str:
    """Return the key of a name that was taken before, also where it would not be today."""
    try:
        return canonical_key(given)
    except UnusableName:
        return former_key(given)


def _inserted(db: Database, key: str, name: str) -> str:
    known = db.customers.find_one({"key": key}, {"_id": True})
    if known is not None:
        return str(known["_id"])
    customer = Customer(new_id(), name, key, created_at=utc_now())
    with db.client.start_session() as session:
        insert_many(db, [customer], session)
    return customer.id


def _update(collection: Collection[Document], updates: list[UpdateOne] | list[UpdateMany]) -> None:
    """Write past the validator of before, which asks for what this does away with."""
    if updates:
        collection.bulk_write(updates, bypass_document_validation=True)


def _batches(rows: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    batch: list[tuple[str, str]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch

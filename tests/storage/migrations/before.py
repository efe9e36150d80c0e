"""Makes a database what servers of before have left, by taking back what migrations do."""

from __future__ import annotations

from typing import Any

CALLED: dict[str, Any] = {"name": 1, "user": 1}


def without_customers(db: Any) -> None:
    """Have bookings and the audit name their customers themselves, by name or by user."""
    for name in ("bookings", "audit", "users"):
        db.command("collMod", name, validator={})
    db.audit.update_many({}, {"$unset": {"changes.reason": 1}})
    without_chain(db)
    db.bookings.update_many({}, {"$unset": {"price": 1, "shares": 1}})
    for customer in list(db.customers.find({}, CALLED)):
        user = customer.get("user")
        key = f"user:{user}" if user else f"name:{customer['name']}"
        old = {"key": key, "given": customer["name"]}
        for collection, field in (
            (db.bookings, "customer"), (db.audit, "customer"),
            (db.audit, "changes.customer.0"), (db.audit, "changes.customer.1"),
        ):  # fmt: skip
            collection.update_many({field: customer["_id"]}, {"$set": {field: old}})
    db.users.update_many({}, {"$unset": {"customer": 1}})
    db.customers.drop()
    db.migrations.delete_one({"_id": "0007_customers"})


def without_chain(db: Any) -> None:
    """Have entries without a hash, and events without a head."""
    db.audit.update_many({}, {"$unset": {"hash": 1}})
    db.events.update_many({}, {"$unset": {"head": 1}})


def with_names(db: Any) -> list[list[Any]]:
    """Return all that was stored of events before, with names in the place of customers' ids."""
    names = {customer["_id"]: customer["name"] for customer in db.customers.find()}

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: told(inner)
                for key, inner in value.items()
                if key not in ("price", "shares", "head", "hash")
            }
        if isinstance(value, list):
            return [told(inner) for inner in value]
        return names.get(value, value) if isinstance(value, str) else value

    return [told(list(db[name].find().sort("_id"))) for name in ("events", "bookings", "audit")]

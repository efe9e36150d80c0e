"""Let whoever had an account before addresses were verified go on (docs/adr/0016)."""

from __future__ import annotations

from ticketing.storage.driver.clients import Database


def apply(db: Database) -> None:
    """Take their addresses for verified, and begin to count what is done to them."""
    db.users.update_many({"verified": {"$exists": False}}, {"$set": {"verified": True}})
    db.users.update_many({"sequence": {"$exists": False}}, {"$set": {"sequence": 0}})

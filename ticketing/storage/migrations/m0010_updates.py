"""When events were last changed, as the last entry of their audit says."""

from __future__ import annotations

from ticketing.storage.driver.clients import Database


def apply(db: Database) -> None:
    """Give events of before the time of their last change."""
    untold = {"updated_at": {"$exists": False}}
    for event in db.events.find(untold, {"created_at": True}):
        last = db.audit.find_one({"event": event["_id"]}, {"at": True}, sort=[("sequence", -1)])
        at = last["at"] if last else event["created_at"]
        db.events.update_one({"_id": event["_id"], **untold}, {"$set": {"updated_at": at}})

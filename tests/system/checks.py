"""What must be true of the database whatever has happened."""

from __future__ import annotations

from ticketing.storage.driver.clients import Database


def check_event(db: Database, event_id: str) -> None:
    """Counters, bookings and trail agree, and the trail never oversold."""
    event = db.events.find_one({"_id": event_id})
    assert event is not None
    confirmed = list(db.bookings.find({"event": event_id, "status": "confirmed"}))
    trail = list(db.audit.find({"event": event_id}).sort("sequence"))

    assert event["sold"] == sum(booking["tickets"] for booking in confirmed)
    assert event["revenue"] == sum(booking["total"] for booking in confirmed)
    assert event["sequence"] == len(trail)
    assert [entry["sequence"] for entry in trail] == list(range(1, len(trail) + 1))
    assert all(0 <= entry["sold"] <= event["capacity"] for entry in trail)

    holders = {entry["booking"] for entry in trail if entry["action"] == "sold"}
    holders -= {entry["booking"] for entry in trail if entry["action"] == "returned"}
    assert holders == {booking["_id"] for booking in confirmed}

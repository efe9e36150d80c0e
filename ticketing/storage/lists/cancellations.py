"""What an event that was called off owes, from one moment of its event and its bookings."""

from __future__ import annotations

from ticketing.domain.changes.results import Cancellation
from ticketing.domain.errors import CancellationNotFound, EventNotFound
from ticketing.storage import bookings, events
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.reads import reading


@reading
def page(db: Database, event_id: str, after: int, limit: int) -> Cancellation:
    """List who is owed what, from the first after a sequence.

    Raises EventNotFound, CancellationNotFound.
    """
    with db.client.start_session(snapshot=True) as session:
        event = events.find(db, event_id, session)
        if event is None or event.status == "deleted":
            raise EventNotFound
        if event.status != "cancelled":
            raise CancellationNotFound
        owed = bookings.owed(db, event, after, limit, session)
    return Cancellation(owed, event.owed_total, finishing=event.sold > 0 or event.waiting > 0)

"""Reads the facts that a group of commands is decided on, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo.client_session import ClientSession

from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Command
from ticketing.domain.events import Event
from ticketing.domain.facts import Facts, depth_for, named_by
from ticketing.domain.users import user_id_of
from ticketing.storage import bookings, events, users
from ticketing.storage.clients import Database


def gather(
    db: Database,
    event_id: str,
    event: Event | None,
    commands: Sequence[Command],
    session: ClientSession,
) -> Facts:
    """Read what the commands name, and as much of the waiting list as may be served."""
    named = named_by(commands)
    known = bookings.find_many(db, named.bookings, named.customers, event_id, session)
    depth = depth_for(event, commands, known)
    queue = bookings.first_waiting(db, event_id, depth.queue, session)

    return Facts(
        bookings=known,
        taken=events.days_taken(db, named.days, but_by=event_id, session=session),
        queue=queue,
        queue_is_all=event is None or len(queue) == event.waiting,
        inactive=_inactive(db, queue, session),
        active=bookings.first_active(db, event_id, depth.active, session),
        ahead={b.id: bookings.count_ahead(db, b, session) for b in depth.positions},
        large=(
            bookings.largest_waiting(
                db, event_id, depth.larger_than, len(commands) + depth.queue + 1, session
            )
            if depth.larger_than is not None
            else ()
        ),
    )


def _inactive(db: Database, queue: Sequence[Booking], session: ClientSession) -> frozenset[str]:
    """Find who of the queue has been deactivated, in the snapshot that the group is decided on.

    So a deactivation that was acknowledged before this transaction began is seen by it, and nobody
    is served after it, whatever became of the rest of that request.
    """
    keys = {booking.customer.key for booking in queue if booking.customer}
    ids = {key: id_ for key in keys if (id_ := user_id_of(key))}
    inactive = users.inactive(db, list(ids.values()), session)
    return frozenset(key for key, id_ in ids.items() if id_ in inactive)

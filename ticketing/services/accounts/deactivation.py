"""Whoever is deactivated leaves the waiting lists, and does not come back to their places.

Three things see to it, since a crash or a request under way may come between any two: who
deactivates somebody has their places given up before the answer; recovery goes on where that was
cut short; and whoever is deactivated but still on a list is not served, but leaves it, by the
commit that would have served them (`ticketing.domain.changes.waiting_list`).
"""

from __future__ import annotations

import structlog

from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.errors import DomainError
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import User
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage import bookings
from ticketing.storage.accounts import users
from ticketing.storage.driver.clients import Database

log = structlog.get_logger(__name__)


def leave_lists(db: Database, commands: CommandHandler, user: User, caller: Caller) -> bool:
    """Cancel what a deactivated user waits for; return whether all of it is done."""
    if user.customer_id is None:
        return True
    waiting = bookings.waiting_of(db, user.customer_id)
    # Looked at afterwards: what somebody who is active again waits for may be new.
    if waiting and not _is_inactive(db, user):
        return True
    try:
        for booking in waiting:
            commands.execute(Cancel(booking.id, only_waiting=True), on=booking.event, caller=caller)
    except DomainError as error:
        log.warning("not_left", code=error.code, user=user.id, request_id=caller.request_id)
        return False
    return True


def _is_inactive(db: Database, user: User) -> bool:
    found = users.find(db, user.id)
    return found is not None and not found.active

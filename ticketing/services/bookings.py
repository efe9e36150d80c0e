"""What is asked of a booking, or of a sale over the counter, by its id alone."""

from __future__ import annotations

from ticketing.domain.commands import Command
from ticketing.services.groups import Asker, Settled
from ticketing.services.office import Office
from ticketing.storage import bookings
from ticketing.storage.clients import Database

_NO_EVENT = ""


def submit(
    db: Database, office: Office, booking_id: str, command: Command, asker: Asker
) -> Settled:
    """Carry out a command in the lane of the booking's event.

    A booking never changes its event, so it may be read beforehand. One that is unknown is refused
    by a commit like any other refusal, since its answer may have to be kept.
    """
    return office.submit(bookings.event_of(db, booking_id) or _NO_EVENT, command, asker)

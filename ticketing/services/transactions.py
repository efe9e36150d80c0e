"""Box-office sales."""

from __future__ import annotations

from ticketing.domain.commands import Return
from ticketing.domain.errors import TransactionNotFound
from ticketing.services.office import Asker, Office, Settled
from ticketing.storage import bookings
from ticketing.storage.clients import Database

_NO_EVENT = ""


def give_back(db: Database, office: Office, sale_id: str, asker: Asker) -> Settled:
    """Return a sale's tickets; a sale that is unknown is refused by the same commit."""
    try:
        event_id = bookings.get_sale(db, sale_id).event
    except TransactionNotFound:
        event_id = _NO_EVENT

    return office.submit(event_id, Return(sale_id), asker)

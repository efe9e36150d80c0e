"""Compares stored responses with the audit: a key that comes again is answered by them alone.

What a response told of a booking, some entry of that booking's audit has to tell as well. Of a
refusal nothing is kept that could be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ticketing.domain import money
from ticketing.storage import audit
from ticketing.storage.driver.clients import Database
from ticketing.storage.writes import idempotency

_TOLD = {"id", "event", "nTickets", "total", "status"}


def invented(db: Database) -> Iterator[str]:
    """Return, one sentence each, which stored responses tell of what never was.

    Each is read after the commit that stored it, so what it tells of is there; what is decided
    meanwhile only adds to the audit.
    """
    for record in idempotency.every(db):
        told = _booking_in(record.response.body)
        if told is None or record.response.status >= 300:
            continue
        entries = audit.of_booking(db, told["event"], told["id"])
        if not any(_tells(entry.tickets, entry.total, told) for entry in entries):
            yield (
                f"the response stored for {record.caller} under {record.key} tells of booking "
                f"{told['id']} what no audit entry does"
            )


def _booking_in(body: bytes) -> Mapping[str, Any] | None:
    """Return the booking or sale that a response is about; None where it is about neither."""
    try:
        told = json.loads(body)
    except ValueError:
        return None
    return told if isinstance(told, dict) and told.keys() >= _TOLD else None


def _tells(tickets: int | None, total: int | None, told: Mapping[str, Any]) -> bool:
    said = None if total is None else money.to_major(total)
    return (tickets, said) == (told["nTickets"], told["total"])

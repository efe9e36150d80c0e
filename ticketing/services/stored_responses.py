"""Compares stored responses with the audit: a key that comes again is answered by them alone.

What a response told of a booking, some entry of that booking's audit has to tell as well, and the
head that it named has to be that entry's. Of a refusal nothing is kept that could be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ticketing.domain import money
from ticketing.domain.verification.heads import NotedHead, head_difference
from ticketing.storage import audit
from ticketing.storage.documents import UnreadableDocument
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
        if (difference := _head_difference(db, told)) is not None:
            yield f"the response stored for {record.caller} under {record.key}: {difference}"


def _head_difference(db: Database, told: Mapping[str, Any]) -> str | None:
    """Compare the head that a response named; one of a version of before named none."""
    try:
        noted = NotedHead.parse(f"{told['event']}:{told['head']}")
        return head_difference(noted, audit.find(db, noted.event, noted.head.sequence))
    except (KeyError, ValueError, UnreadableDocument):
        return None  # what can't be read is told of elsewhere


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

"""Compares stored responses with the audit: a key that comes again is answered by them alone.

What a response told of a booking, some entry of that booking's audit has to tell as well, and the
head that it named has to be that entry's. Of a refusal nothing is kept that could be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from ticketing.domain import money
from ticketing.domain.verification.heads import NotedHead, head_difference
from ticketing.storage import audit
from ticketing.storage.documents import UnreadableDocument
from ticketing.storage.driver.clients import Database
from ticketing.storage.writes import idempotency

# What a response says that is about a booking or a sale.
_FIELDS = {"id", "event", "nTickets", "total", "status"}


@dataclass(frozen=True, slots=True)
class _Reported:
    """What a response told of a booking or sale: JSON, in which anything may have come to stand.

    `head` is None where a version of before named none.
    """

    id: str
    event: str
    tickets: object
    total: object
    head: object


def invented(db: Database) -> Iterator[str]:
    """Return, one sentence each, which stored responses tell of what never was.

    Each is read after the commit that stored it, so what it tells of is there; what is decided
    meanwhile only adds to the audit.
    """
    for record in idempotency.every(db):
        reported = _booking_in(record.response.body)
        if reported is None or record.response.status >= 300:
            continue
        entries = audit.of_booking(db, reported.event, reported.id)
        if not any(_agrees(entry.tickets, entry.total, reported) for entry in entries):
            yield (
                f"the response stored for {record.caller} under {record.key} tells of booking "
                f"{reported.id} what no audit entry does"
            )
        if (difference := _head_difference(db, reported)) is not None:
            yield f"the response stored for {record.caller} under {record.key}: {difference}"


def _head_difference(db: Database, reported: _Reported) -> str | None:
    """Compare the head that a response named; one of a version of before named none."""
    try:
        noted = NotedHead.parse(f"{reported.event}:{reported.head}")
        return head_difference(noted, audit.find(db, noted.event, noted.head.sequence))
    except (ValueError, UnreadableDocument):
        return None  # what can't be read is told of elsewhere


def _booking_in(body: bytes) -> _Reported | None:
    """Return the booking or sale that a response is about; None where it is about neither."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    if not isinstance(found, dict) or not found.keys() >= _FIELDS:
        return None
    return _Reported(
        str(found["id"]), str(found["event"]), found["nTickets"], found["total"], found.get("head")
    )


def _agrees(tickets: int | None, total: int | None, reported: _Reported) -> bool:
    amount = None if total is None else money.to_major(total)
    return (tickets, amount) == (reported.tickets, reported.total)

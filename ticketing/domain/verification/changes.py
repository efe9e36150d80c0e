"""What an audit entry says to have changed, against what the entries before it come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ticketing.domain.audit import AuditEntry
from ticketing.domain.identity.customers import Customer
from ticketing.domain.verification.replayed import Replayed

_OF_A_BOOKING = ("status", "customer", "tickets", "total", "reason")

# Which actions leave the tickets, the total and the holder of a booking as they were.
_LEAVES = {
    "tickets": {"cancelled", "returned", "assigned", "transferred", "offered", "withdrawn",
                "moved_out"},
    "customer": {"cancelled", "returned", "assigned", "reduced", "added", "offered", "withdrawn",
                 "moved_out"},
}  # fmt: skip


def faults_of_event(entry: AuditEntry, details: Mapping[str, object]) -> Iterator[str]:
    """Find details of the event that an entry says to have been otherwise before it."""
    for name, (old, _) in entry.changes.items():
        if old != details.get(name) and entry.action != "created":
            yield f"says that {name} was {old}; the entries before it say {details.get(name)}"


def faults_of_booking(entry: AuditEntry, old: Replayed | None) -> Iterator[str]:
    """Find what an entry says of a booking that it contradicts, or that those before it do."""
    id_, holder = entry.booking, _plain(entry.customer)
    if old is not None:
        if entry.action in _LEAVES["tickets"] and entry.tickets != old.tickets:
            yield f"booking {id_} has {entry.tickets} tickets, and had {old.tickets}"
        if entry.action in _LEAVES["customer"] and holder != old.customer:
            yield f"booking {id_} is of {holder}, and was of {old.customer}"
    now = {"tickets": entry.tickets, "total": entry.total, "customer": holder}
    for name in _OF_A_BOOKING:
        if name not in entry.changes:
            continue
        before, after = map(_plain, entry.changes[name])
        was = getattr(old, name, None)
        if before != was:
            yield f"says that {name} was {before}; the entries before it say {was}"
        if name in now and after != now[name]:
            yield f"says that {name} is {after}, and {now[name]}"
    if (
        entry.action == "moved_in"
        and _plain(entry.changes.get("event", ("", ""))[1]) != entry.event
    ):
        yield f"booking {id_} is said to arrive elsewhere"


def _plain(value: object) -> object:
    return value.id if isinstance(value, Customer) else value

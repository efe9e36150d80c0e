"""A booking as the audit has it: what each entry leaves of it, and what it ought to have cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking


@dataclass(slots=True)
class Replayed:
    """A booking as the audit has it.

    `acquired` is how many of its tickets each customer has bought, `price` what one cost when they
    joined the waiting list. `created_at` is None where it came from another event.
    """

    status: str
    customer: str | None
    tickets: int
    total: int | None
    sequence: int
    created_at: datetime | None
    cancelled_at: datetime | None = None
    reason: str | None = None
    sold_by: str | None = None
    cancelled_by: str | None = None
    price: int | None = None
    offered: bool = False
    acquired: dict[str, int] = field(default_factory=dict)


def stored(booking: Booking, replayed: Replayed) -> Replayed:
    """Return a booking as it is stored, in the same words.

    What a version of before did not write down yet is taken for what the audit says.
    """
    acquired = replayed.acquired
    if booking.shares is not None and booking.customer is not None:
        acquired = {share.customer: share.tickets for share in booking.shares}
        if own := booking.tickets - sum(acquired.values()):
            acquired[booking.customer.id] = own
    return Replayed(
        booking.status,
        booking.customer.id if booking.customer else None,
        booking.tickets,
        booking.total,
        booking.sequence,
        booking.created_at if replayed.created_at else None,
        booking.cancelled_at,
        booking.reason,
        booking.sold_by or replayed.sold_by,
        booking.cancelled_by or replayed.cancelled_by,
        replayed.price if booking.price is None else booking.price,
        booking.offer is not None,
        acquired,
    )


def is_offered(entry: AuditEntry, old: Replayed | None) -> bool:
    """Return whether a booking is offered to whoever gives a code, after an entry."""
    if entry.action == "offered":
        return True
    stays = entry.action in ("reduced", "added")
    return stays and old is not None and old.offered


def acquired_after(entry: AuditEntry, old: Replayed | None) -> dict[str, int]:
    """Return who has bought how much of a booking, after an entry.

    What is passed on stays bought by who bought it. Of what is given back the holder's goes first,
    then the rest, from those who bought last.
    """
    holder, tickets = entry.customer.id if entry.customer else None, entry.tickets or 0
    if holder is None:
        return {}
    if old is None:
        return {holder: tickets}
    if entry.action == "transferred":
        giver = old.customer or ""
        order = [giver, *(name for name in old.acquired if name not in (giver, holder)), holder]
        return {name: old.acquired[name] for name in order if name in old.acquired}
    kept, remaining = {}, tickets
    for name, bought in old.acquired.items():
        if name != holder and (stays := min(bought, remaining)):
            kept[name], remaining = stays, remaining - stays
    if remaining:
        kept[holder] = remaining
    return kept


def due(entry: AuditEntry, old: Replayed | None, price: int) -> int | None:
    """Return what a booking ought to cost after an entry, but for one from the waiting list."""
    tickets = entry.tickets or 0
    if entry.action == "waitlisted":
        return None
    if old is None:
        return tickets * price
    if old.total is None or tickets == old.tickets:
        return old.total
    if tickets > old.tickets:
        return old.total + (tickets - old.tickets) * price
    return old.total * tickets // old.tickets

"""The rule of the waiting list: free tickets go to whoever has waited longest, strictly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ticketing.domain.bookings import Booking
from ticketing.domain.commands import OFFICE, Order
from ticketing.domain.events import Event
from ticketing.domain.facts import MOST_PER_COMMIT
from ticketing.domain.ledger import Ledger


def serve(ledger: Ledger, order: Order) -> Sequence[Booking]:
    """Give free tickets to the list, in order, as long as the head's wish fits.

    If it does not, tickets are kept for the head, and nobody behind it is served. Whoever has been
    deactivated since they joined leaves the list instead. At most `MOST_PER_COMMIT` changes go into
    a commit; the next one goes on.
    """
    assigned = []
    while (head := servable(ledger)) and len(ledger.writes) < MOST_PER_COMMIT:
        if ledger.is_inactive(head):
            ledger.enter_end(replace(order, actor=OFFICE), head)
            continue
        event = ledger.existing()
        confirmed = replace(head, status="confirmed", total=head.tickets * event.price)
        changes = {"status": ("waiting", "confirmed")}
        assigned.append(ledger.enter_booking(order, "assigned", head, confirmed, changes))
    return assigned


def servable(ledger: Ledger) -> Booking | None:
    """Find the head of the list where there are tickets enough for it, or where it has to go."""
    event = ledger.event
    if event is None or not _may_serve(event):
        return None
    head = ledger.head()
    if head is None:
        return None
    return head if ledger.is_inactive(head) or head.tickets <= event.available else None


def unserved(ledger: Ledger) -> bool:
    """Tell whether somebody may get tickets whom this commit did not reach."""
    event = ledger.event
    if event is None or not _may_serve(event):
        return False
    return servable(ledger) is not None or ledger.list_goes_on


def _may_serve(event: Event) -> bool:
    return event.status == "scheduled" and event.waiting > 0 and event.available > 0

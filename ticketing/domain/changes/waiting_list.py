"""The rule of the waiting list: free tickets go to whoever has waited longest, strictly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ticketing.domain.bookings import Booking
from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.changes.read_set import MOST_PER_COMMIT
from ticketing.domain.events import Event
from ticketing.domain.identity.caller import SYSTEM_ACTOR, Caller


def serve(
    change_set: ChangeSet, caller: Caller, *, after_the_day: bool = False
) -> Sequence[Booking]:
    """Assign free tickets to the list, in order, as long as the head's booking fits.

    Once the event is over nobody is served any more, unless `after_the_day` is asked for.

    If it does not, tickets are kept for the head, and nobody behind it is served. Whoever has been
    deactivated since they joined leaves the list instead. At most `MOST_PER_COMMIT` changes go into
    a commit; the next one goes on.
    """
    # The invariant: after this nobody waits, or the event is over, or the head needs more than is
    # available, or this commit is full (then `has_unserved` says so, and the next batch begins
    # here). The head is looked up anew each time, since whoever is served or leaves the list
    # changes who that is and what is available. It ends, because each round takes one off the list.
    assigned = []
    while (head := servable(change_set, after_the_day=after_the_day)) and len(
        change_set.writes
    ) < MOST_PER_COMMIT:
        if change_set.is_inactive(head):
            change_set.record_end(replace(caller, actor=SYSTEM_ACTOR), head)
            continue
        event = change_set.existing_event()
        # The price that they saw when they joined, or today's if that is lower.
        price = event.price if head.price is None else min(head.price, event.price)
        confirmed = replace(head, status="confirmed", total=head.tickets * price)
        changes = {"status": ("waiting", "confirmed")}
        assigned.append(change_set.record_booking(caller, "assigned", head, confirmed, changes))
    return assigned


def has_unserved(change_set: ChangeSet) -> bool:
    """Return whether somebody may get tickets whom this commit did not reach."""
    event = change_set.event
    if event is None or not _may_serve(change_set, event):
        return False
    return servable(change_set) is not None or change_set.queue_goes_on


def servable(change_set: ChangeSet, *, after_the_day: bool = False) -> Booking | None:
    """Return the head of the list where there are tickets enough for it, or where it has to go."""
    event = change_set.event
    if event is None or not _may_serve(change_set, event, after_the_day=after_the_day):
        return None
    head = change_set.next_waiting()
    if head is None:
        return None
    return head if change_set.is_inactive(head) or head.tickets <= event.available else None


def _may_serve(change_set: ChangeSet, event: Event, *, after_the_day: bool = False) -> bool:
    if change_set.is_over(event) and not after_the_day:
        return False
    return event.status == "scheduled" and event.waiting > 0 and event.available > 0

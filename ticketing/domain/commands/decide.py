"""Where it is decided: an event and a batch of commands in, everything to be written out.

Start reading here. `decide` is pure: no clock, no database. It is called with what was read in one
MongoDB transaction, and all that it returns is written in the same transaction or not at all. It
may be called again for the same batch on a newer state, as often as somebody else was faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ticketing.domain.audit import AuditEntry
from ticketing.domain.changes import waiting_list
from ticketing.domain.changes.change_set import BookingWrite, ChangeSet
from ticketing.domain.changes.read_set import ReadSet
from ticketing.domain.changes.results import BookingResult, Outcome, TransferOffer
from ticketing.domain.commands.command import Envelope
from ticketing.domain.commands.events import cancel_bookings
from ticketing.domain.errors import DomainError
from ticketing.domain.events import Event
from ticketing.domain.identity.caller import SYSTEM_ACTOR, Caller
from ticketing.domain.identity.customers import Customer


@dataclass(frozen=True, slots=True)
class Decision:
    """What a batch comes to: the new state, what to write, and one outcome per command.

    Without `entries` there is nothing to write. `writes` and `entries` are in the order of the
    sequence. `has_remaining_work` tells that there was too much for one commit: the next one,
    whatever it is asked, goes on with it.
    """

    before: Event | None
    after: Event | None
    writes: Sequence[BookingWrite]
    entries: Sequence[AuditEntry]
    new_customers: Sequence[Customer]
    outcomes: Sequence[Outcome]
    has_remaining_work: bool = False


def decide(
    event_id: str,
    event: Event | None,
    read_set: ReadSet,
    envelopes: Sequence[Envelope],
    now: datetime,
    today: date = date.min,
) -> Decision:
    """Decide the commands one after the other, each on what those before it left.

    `today` says what is over; at the beginning of time nothing is.

    A refused command changes nothing and spoils nothing for its neighbours: its outcome is the
    error. Remaining work comes first, so that nobody gets in before it.
    """
    # Remaining work is visible in the event's own state, so any batch may find some, whatever it
    # was made for and whoever crashed before it. It is done before the first command: a newcomer
    # who came first would take what belongs to the list. And it is done under the system's name,
    # since whoever happens to come next has not asked for it.
    change_set = ChangeSet(event_id, event, read_set, now, today)
    if envelopes:
        _finish_remaining_work(change_set, envelopes[0].caller)
    outcomes = [_outcome_of(envelope, change_set) for envelope in envelopes]
    return Decision(
        event,
        change_set.event,
        change_set.writes,
        change_set.entries,
        change_set.new_customers,
        outcomes,
        _has_remaining_work(change_set),
    )


def _outcome_of(envelope: Envelope, change_set: ChangeSet) -> Outcome:
    try:
        outcome: Outcome = envelope.command.apply(change_set, envelope.caller)
    except DomainError as refusal:
        return refusal
    if isinstance(outcome, BookingResult | TransferOffer):
        # Of this command, not of the batch: the next one changes the event on.
        return outcome.with_head(change_set.chain_head)
    return outcome


def _finish_remaining_work(change_set: ChangeSet, first: Caller) -> None:
    event = change_set.event
    if event is None:
        return
    system = Caller(SYSTEM_ACTOR, first.request_id)
    if event.status == "cancelled":
        cancel_bookings(change_set, system)
    elif event.waiting:
        waiting_list.serve(change_set, system)


def _has_remaining_work(change_set: ChangeSet) -> bool:
    event = change_set.event
    if event is None:
        return False
    if event.status == "cancelled":
        return event.sold > 0 or event.waiting > 0
    return event.waiting > 0 and waiting_list.has_unserved(change_set)

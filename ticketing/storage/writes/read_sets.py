"""Reads what a batch of commands is decided on, and no more, within its transaction."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo.client_session import ClientSession

from ticketing.domain.bookings import Booking
from ticketing.domain.changes.read_set import NOTHING, Reads, ReadSet, merge_reads, plan_reads
from ticketing.domain.commands.command import AnyCommand
from ticketing.domain.events import Event
from ticketing.domain.identity.customers import Customer
from ticketing.storage import bookings, customers, events
from ticketing.storage.driver.clients import Database

_EMPTY = ReadSet()


def load_read_set(
    db: Database, event_id: str, commands: Sequence[AnyCommand], session: ClientSession
) -> tuple[Event | None, ReadSet]:
    """Return the event and what the commands have to know beside it.

    A batch that needs the event alone, as one of sales does while nobody waits, costs one read. So
    does one of bookings by customers who are known by id, or whom nobody has known before.
    """
    reads = [command.reads() for command in commands]
    if reads != [NOTHING] * len(reads):
        return _load_with_event(db, event_id, merge_reads(reads), session)
    event = events.find(db, event_id, session)
    # What is booked matters to nobody then, unless it has to be served or cancelled.
    if event is None or not (event.waiting or (event.status == "cancelled" and event.sold)):
        return event, _EMPTY
    return event, _complete_read_set(db, event_id, event, merge_reads(reads), _EMPTY, session)


def _load_with_event(
    db: Database, event_id: str, reads: Reads, session: ClientSession
) -> tuple[Event | None, ReadSet]:
    """Look up together with the event who and what is asked for, and what is known to be theirs."""
    by_id = {ref.id for ref in reads.customers if isinstance(ref, Customer)}
    accounts = customers.find_accounts(db, reads.customers, session)
    refs = [*reads.customers, *accounts.values()]
    event, found = events.find_with(
        db,
        event_id,
        {
            "customers": customers.meant_by(refs),
            "bookings": bookings.named_or_held(event_id, reads.bookings, by_id, reads.acquirers),
        },
        session,
    )
    referred, by_key = customers.referred(found["customers"], refs)
    held = bookings.read_many(found["bookings"])
    if others := referred.keys() - by_id:
        held |= bookings.find_held(db, event_id, others, session)
    known = ReadSet(bookings=held, customers=referred, by_key=by_key, accounts=accounts)
    return event, _complete_read_set(db, event_id, event, reads, known, session)


def _complete_read_set(
    db: Database,
    event_id: str,
    event: Event | None,
    reads: Reads,
    known: ReadSet,
    session: ClientSession,
) -> ReadSet:
    """Complete what is known of what was asked for with what else the commands have to know."""
    plan = plan_reads(event, reads, known.bookings)
    queue = bookings.first_waiting(db, event_id, plan.queue, session)
    active = bookings.first_active(db, event_id, plan.active, session)
    large: Sequence[Booking] = (
        bookings.largest_waiting(db, event_id, plan.larger_than, plan.larger, session)
        if plan.larger_than is not None
        else []
    )

    taken = events.days_taken(db, reads.days, but_by=event_id, session=session)
    ahead = {b.id: bookings.count_ahead(db, b, session) for b in plan.positions}

    # In the snapshot that the batch is decided on: so a deactivation that was acknowledged before
    # this transaction began is seen by it, and nobody is served after it.
    holding = [*known.bookings.values(), *queue, *active, *large]
    holders = customers.ids_of(holding) - known.customers.keys()
    everybody = {**known.customers, **customers.find_many(db, holders, session)}
    asked_for = customers.attached(known.bookings.values(), everybody)
    return ReadSet(
        queue=customers.attached(queue, everybody),
        queue_is_all=event is None or len(queue) == event.waiting,
        active=customers.attached(active, everybody),
        large=customers.attached(large, everybody),
        bookings={b.id: b for b in asked_for},
        taken=taken,
        ahead=ahead,
        customers=everybody,
        by_key=known.by_key,
        accounts=known.accounts,
    )

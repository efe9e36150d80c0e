"""Reads what a batch of commands is decided on, and no more, within its transaction."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo.client_session import ClientSession

from ticketing.domain.changes.read_set import NOTHING, Reads, ReadSet, combine, depth_for
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

    A batch that needs the event alone, as one of sales does while nobody waits, costs one read.
    """
    event = events.find(db, event_id, session)
    reads = [command.reads() for command in commands]
    if all(wanted is NOTHING for wanted in reads) and (event is None or _is_settled(event)):
        return event, _EMPTY
    return event, _load(db, event_id, event, combine(reads), session)


def _is_settled(event: Event) -> bool:
    """Return whether nothing that is booked can matter unless a command names it."""
    if event.status == "cancelled":
        return not (event.sold or event.waiting)
    return not event.waiting


def _load(
    db: Database, event_id: str, event: Event | None, reads: Reads, session: ClientSession
) -> ReadSet:
    accounts = customers.find_accounts(db, reads.customers, session)
    refs = [*reads.customers, *accounts.values()]
    referred, named = customers.find_referred(db, refs, session) if refs else ({}, {})
    whose = {*referred, *(ref.id for ref in reads.customers if isinstance(ref, Customer))}
    known = bookings.find_many(
        db, reads.bookings, whose, event_id, session, acquirers=reads.acquirers
    )
    depth = depth_for(event, reads, known)
    queue = bookings.first_waiting(db, event_id, depth.queue, session)
    active = bookings.first_active(db, event_id, depth.active, session)
    large = (
        bookings.largest_waiting(db, event_id, depth.larger_than, depth.larger, session)
        if depth.larger_than is not None
        else []
    )

    # In the snapshot that the batch is decided on: so a deactivation that was acknowledged before
    # this transaction began is seen by it, and nobody is served after it.
    holders = customers.ids_of([*known.values(), *queue, *active, *large]) - referred.keys()
    everybody = {**referred, **customers.find_many(db, holders, session)}
    return ReadSet(
        bookings={b.id: b for b in customers.attached(known.values(), everybody)},
        taken=events.days_taken(db, reads.days, but_by=event_id, session=session),
        queue=customers.attached(queue, everybody),
        queue_is_all=event is None or len(queue) == event.waiting,
        active=customers.attached(active, everybody),
        ahead={b.id: bookings.count_ahead(db, b, session) for b in depth.positions},
        large=customers.attached(large, everybody),
        customers=everybody,
        named=named,
        accounts=accounts,
    )

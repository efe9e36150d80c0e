"""What a batch of commands has to read, and what was found.

A command declares what it reads before anything is known (`Reads`). Together with the event and the
bookings that it asks for, that tells which of the event's other bookings are needed (`ReadPlan`):
as much of the waiting list as tickets may come free for, and no more. What was found is the
`ReadSet`.

The invariant: **whatever `apply` looks at is in the read set or is known to be irrelevant**. A rule
that misses a booking would decide on a state that never existed, and only the unique indexes, the
second lock, would notice. Where the read set holds a part only (`queue_is_all`), the change set
serves nobody beyond it: the rest is remaining work, which the next batch begins with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ticketing.domain.bookings import Booking
from ticketing.domain.events import Event
from ticketing.domain.identity.customers import Customer, CustomerRef, NamedCustomer

MOST_PER_COMMIT = 1_000
"""Changes that follow from others, in one commit: 1,000 assignments take about 0.15 s here, of the
5 s that MongoDB allows a transaction."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What one command, or a batch of them, has to know beside the event itself.

    `bookings` by id, of whatever status; `customers`, who they are and their active booking;
    `days`, to see whether another event has them. `position_of` are bookings whose place in the
    list is shown. `acquirers` are customers, by id, of whom all that they acquired is counted, also
    what they passed on. `capacities` are those that the event may get. `all_active` asks for
    everything that is booked.
    """

    bookings: tuple[str, ...] = ()
    customers: tuple[CustomerRef, ...] = ()
    days: tuple[date, ...] = ()
    position_of: tuple[str, ...] = ()
    acquirers: tuple[str, ...] = ()
    capacities: tuple[int, ...] = ()
    all_active: bool = False
    commands: int = 1


NOTHING = Reads()
"""For a command that knows enough with the event alone."""


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Which of the event's other bookings are needed.

    `queue` and `active` are how many of those that wait, or are active, are needed, from the first
    on. `positions` are the waiting bookings whose place in the list is asked for. `larger_than`
    asks for waiting bookings of more tickets than that, `larger` for so many.
    """

    queue: int = 0
    active: int = 0
    positions: tuple[Booking, ...] = ()
    larger_than: int | None = None
    larger: int = 0


@dataclass(frozen=True, slots=True)
class ReadSet:
    """What was found.

    `bookings` are those that were asked for, by id, and the active ones of the customers that were.
    `taken` are the days asked for on which another event takes place. `queue` are the first who
    wait, in order, and `queue_is_all` tells whether there are no more. `active` are the first
    active bookings, where an event is called off. `ahead` counts who waits before a booking.
    `large` are waiting bookings that a lower capacity may be too small for. `customers` are, by id,
    those who were referred to and who hold any of the bookings; `by_key`, by key, those who were
    referred to by a name. `accounts` are, by that key, those whose name was the id of an account
    whose address nobody has shown yet: what they get is for that address.
    """

    bookings: Mapping[str, Booking] = field(default_factory=dict)
    taken: frozenset[date] = frozenset()
    queue: Sequence[Booking] = ()
    queue_is_all: bool = True
    active: Sequence[Booking] = ()
    ahead: Mapping[str, int] = field(default_factory=dict)
    large: Sequence[Booking] = ()
    customers: Mapping[str, Customer] = field(default_factory=dict)
    by_key: Mapping[str, Customer] = field(default_factory=dict)
    accounts: Mapping[str, NamedCustomer] = field(default_factory=dict)


def merge_reads(reads: Sequence[Reads]) -> Reads:
    """Return what a batch has to know: all that its commands have to."""
    return Reads(
        bookings=tuple(id_ for wanted in reads for id_ in wanted.bookings),
        customers=tuple(ref for wanted in reads for ref in wanted.customers),
        days=tuple(day for wanted in reads for day in wanted.days),
        acquirers=tuple(id_ for wanted in reads for id_ in wanted.acquirers),
        position_of=tuple(id_ for wanted in reads for id_ in wanted.position_of),
        capacities=tuple(capacity for wanted in reads for capacity in wanted.capacities),
        all_active=any(wanted.all_active for wanted in reads),
        commands=len(reads),
    )


def plan_reads(event: Event | None, reads: Reads, known: Mapping[str, Booking]) -> ReadPlan:
    """Return what else to read, knowing the event and the bookings that were asked for."""
    if event is None:
        return ReadPlan()
    remaining = event.status == "cancelled" and (event.sold or event.waiting)
    queue = _count_servable(event, reads, known)
    asked = (known.get(id_) for id_ in reads.position_of)

    return ReadPlan(
        queue=queue,
        active=MOST_PER_COMMIT if reads.all_active or remaining else 0,
        positions=tuple(b for b in asked if b is not None and b.status == "waiting"),
        larger_than=_too_small(event, reads.capacities),
        larger=reads.commands + queue + 1,
    )


def _too_small(event: Event, capacities: Sequence[int]) -> int | None:
    """Return the capacity for which some who wait may want too much; None where nobody can.

    Nobody wants more than the capacity that there is.
    """
    lowest = min(capacities, default=event.capacity)
    return lowest if event.waiting and lowest < event.capacity else None


def _count_servable(event: Event, reads: Reads, known: Mapping[str, Booking]) -> int:
    """Count the waiters that could be served: each takes a ticket that is free or comes free.

    Add those who may leave the list themselves, and one who wants too much. More may be
    served if the same tickets come free twice in one batch: the next commit sees to them.
    """
    if not event.waiting or event.status != "scheduled":
        return 0
    free = event.available + sum(b.tickets for b in known.values() if b.status == "confirmed")
    free += max([0, *(capacity - event.capacity for capacity in reads.capacities)])
    if not free:
        return 0
    return min(free, MOST_PER_COMMIT) + reads.commands + 1

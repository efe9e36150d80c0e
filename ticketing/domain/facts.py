"""What has to be read, beside the event itself, before a group of commands can be decided.

It is read in two steps: what the commands name, and then, once that is known, as much of the
waiting list as tickets may come free for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import assert_never

from ticketing.domain.bookings import Booking
from ticketing.domain.commands import (
    Book,
    CallOff,
    Cancel,
    CancelFor,
    CarryOn,
    Change,
    Command,
    Create,
    Delete,
    Reduce,
    Return,
    Sell,
    Transfer,
)
from ticketing.domain.events import Event

# A commit of 1,000 assignments takes about 0.15 s here, of the 5 s that MongoDB allows.
MOST_PER_COMMIT = 1_000


@dataclass(frozen=True, slots=True)
class Named:
    """What the commands name."""

    bookings: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    days: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of the event's bookings is needed.

    `queue` and `active` are how many of those that wait, or are active, are needed, from the first
    on. `positions` are the waiting bookings whose place in the list is asked for. `larger_than`
    asks for waiting bookings of more tickets than that.
    """

    queue: int = 0
    active: int = 0
    positions: tuple[Booking, ...] = ()
    larger_than: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found.

    `bookings` are those that the commands name, by id and of whatever status, and the active ones
    of the customers that they name. `taken` are the named days on which another event takes place.
    `queue` are the first who wait, in order, and `queue_is_all` tells whether there are no more.
    `active` are the first active bookings, where an event is called off. `ahead` counts who waits
    before a booking. `large` are waiting bookings that a lower capacity may be too small for.
    `inactive` are the keys of those in the queue whose accounts have been deactivated.
    """

    bookings: Mapping[str, Booking] = field(default_factory=dict)
    taken: frozenset[date] = frozenset()
    queue: Sequence[Booking] = ()
    queue_is_all: bool = True
    active: Sequence[Booking] = ()
    ahead: Mapping[str, int] = field(default_factory=dict)
    large: Sequence[Booking] = ()
    inactive: frozenset[str] = frozenset()


def named_by(commands: Iterable[Command]) -> Named:
    """Tell what the commands name."""
    bookings: set[str] = set()
    customers: set[str] = set()
    days: set[date] = set()

    for command in commands:
        match command:
            case Return(booking=booking) | Cancel(booking=booking) | Reduce(booking=booking):
                bookings.add(booking)
            case Transfer(booking=booking, to=customer):
                bookings.add(booking)
                customers.add(customer.key)
            case Book(customer=customer) | CancelFor(customer=customer):
                customers.add(customer.key)
            case Create(day=day):
                days |= {day} if day is not None else set()
            case Change(values=values):
                days |= {values["day"]} if "day" in values else set()
            case Delete() | CallOff() | CarryOn() | Sell():
                pass
            case _:
                assert_never(command)

    return Named(frozenset(bookings), frozenset(customers), frozenset(days))


def depth_for(
    event: Event | None, commands: Sequence[Command], known: Mapping[str, Booking]
) -> Depth:
    """Tell how deep to read, knowing the event and the bookings that the commands name."""
    if event is None:
        return Depth()
    calls_off = False
    capacities: list[int] = []
    reduced: list[Booking | None] = []

    for command in commands:
        match command:
            case CallOff():
                calls_off = True
            case Change(values=values):
                capacities += [values["capacity"]] if "capacity" in values else []
            case Reduce(booking=booking):
                reduced.append(known.get(booking))
            case Create() | Delete() | CarryOn() | Sell() | Return() | Book():
                pass
            case Cancel() | CancelFor() | Transfer():
                pass
            case _:
                assert_never(command)

    left_over = event.status == "cancelled" and (event.sold or event.waiting)
    return Depth(
        queue=_queue_depth(event, commands, known, capacities),
        active=MOST_PER_COMMIT if calls_off or left_over else 0,
        positions=tuple(b for b in reduced if b is not None and b.status == "waiting"),
        larger_than=_too_small(event, capacities),
    )


def _too_small(event: Event, capacities: Sequence[int]) -> int | None:
    """Return the capacity for which some who wait may want too much; None where nobody can.

    Nobody wants more than the capacity that there is.
    """
    lowest = min(capacities, default=event.capacity)
    return lowest if event.waiting and lowest < event.capacity else None


def _queue_depth(
    event: Event,
    commands: Sequence[Command],
    known: Mapping[str, Booking],
    capacities: Sequence[int],
) -> int:
    """Count the waiters that could be served: each takes a ticket that is free or comes free.

    Add those who may leave the list themselves, and one whose wish is too large. More may be
    served if the same tickets come free twice in one group: the next commit sees to them.
    """
    if not event.waiting or event.status != "scheduled":
        return 0
    free = event.available + sum(b.tickets for b in known.values() if b.status == "confirmed")
    free += max([0, *(capacity - event.capacity for capacity in capacities)])
    if not free:
        return 0
    return min(free, MOST_PER_COMMIT) + len(commands) + 1

"""What has to be read, beside the event itself, before a group of commands can be decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from ticketing.domain.bookings import Booking
from ticketing.domain.commands import Change, Command, Create, Return


@dataclass(frozen=True, slots=True)
class Needs:
    """The names of the facts that a group asks for."""

    bookings: frozenset[str] = frozenset()
    days: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found.

    `bookings` are those that the commands name, of whatever status. `taken` are the days, among
    those that the commands name, on which another event takes place.
    """

    bookings: Mapping[str, Booking] = field(default_factory=dict)
    taken: frozenset[date] = frozenset()


def needed_for(commands: Iterable[Command]) -> Needs:
    """Tell which facts these commands will be decided on."""
    bookings: set[str] = set()
    days: set[date] = set()

    for command in commands:
        match command:
            case Return(booking=booking):
                bookings.add(booking)
            case Create(day=day) if day is not None:
                days.add(day)
            case Change(values=values) if "day" in values:
                days.add(values["day"])

    return Needs(frozenset(bookings), frozenset(days))

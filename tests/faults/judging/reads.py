"""Every read shows a state that there was between its question and its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.faults.history import Look
from tests.faults.judging.court import Court, Past
from tests.faults.judging.heads import plain


def misread(court: Court, looks: Iterable[Look]) -> Iterator[str]:
    """Find looks at events whose fields are not those after the change that they name."""
    for look in looks:
        if look.shown is not None and look.event in court.pasts:
            yield from _event(court.pasts[look.event], look)


def _event(past: Past, look: Look) -> Iterator[str]:
    if not 1 <= look.sequence < len(past.timeline.states):
        return  # the judge of order tells of it
    row = event_row(past, look.sequence)
    assert look.shown is not None
    if look.shown.keys() != row.keys():
        yield f"somebody saw {sorted(look.shown)} of an event"
    for name, value in look.shown.items():
        if value != row.get(name):
            yield f"somebody saw {name} {value} at change {look.sequence}; it was {row.get(name)}"


def event_row(past: Past, number: int) -> Mapping[str, Any]:
    """Return an event after a change, as staff is shown it."""
    state, details = past.timeline.states[number], past.replay.details[number]
    bookings, revenue = past.replay.sums[number]
    return {
        "id": past.event,
        "name": details["name"],
        "venue": details["venue"],
        "date": details["day"],
        "capacity": state.capacity,
        "costPerTicket": past.replay.prices[number] / 100,
        "ticketsSold": state.sold,
        "ticketsAvailable": state.available,
        "bookings": bookings,
        "waiting": state.waiting,
        "status": "cancelled" if state.is_off else "scheduled",
        "revenue": revenue / 100,
        "createdAt": plain(past.replay.entries[1]["at"]),
        "head": f"{number}:{past.replay.entries[number]['hash']}",
    }

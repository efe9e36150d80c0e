"""Every read shows a state that there was between its question and its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.faults.history import ListLook, Look
from tests.faults.judging.court import Court, Past


def misread(court: Court, looks: Iterable[Look], lists: Iterable[ListLook]) -> Iterator[str]:
    """Find looks at events whose figures don't fit each other, and lists that never were so."""
    for look in looks:
        if look.shown is not None and look.event in court.pasts:
            yield from _event(court.pasts[look.event], look)
    for look_ in lists:
        if (past := court.pasts.get(look_.event)) is None:
            continue
        moments = past.moments(look_.began, look_.ended)
        if not any(_was_so(past, number, look_) for number in moments):
            yield f"somebody saw a waiting list that never was, of {len(look_.items)}"


def _event(past: Past, look: Look) -> Iterator[str]:
    if not 1 <= look.sequence < len(past.timeline.states):
        return  # the judge of order tells of it
    state, shown = past.timeline.states[look.sequence], look.shown
    assert shown is not None
    bookings, revenue = past.replay.sums[look.sequence]
    is_ = {
        "capacity": state.capacity,
        "ticketsAvailable": state.available,
        "bookings": bookings,
    }
    for name, value in is_.items():
        if shown[name] != value:
            yield f"somebody saw {name} {shown[name]} at change {look.sequence}; it was {value}"
    if round(shown["revenue"] * 100) != revenue:
        yield f"somebody saw {shown['revenue']} of {revenue} taken at change {look.sequence}"


def _was_so(past: Past, number: int, look: ListLook) -> bool:
    queue = past.replay.queues[number]
    if [item["id"] for item in look.items] != list(queue[: len(look.items)]):
        return False
    if not look.goes_on and len(look.items) != len(queue):
        return False
    return all(_is_place(past, number, place, item) for place, item in enumerate(look.items, 1))


def _is_place(past: Past, number: int, place: int, item: Mapping[str, object]) -> bool:
    held = past.replay.at(str(item["id"]), number)
    told: Sequence[object] = (item["position"], item["nTickets"], item["customerId"])
    return held is not None and told == (place, held.tickets, held.customer)

"""Every read shows a state that there was between its question and its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.faults.judging.past.court import Court, Past
from tests.faults.judging.shown.rows import event_row
from tests.faults.load.history import Look


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

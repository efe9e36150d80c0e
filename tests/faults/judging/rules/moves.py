"""A move is one commit over two events: neither lost nor doubled, and both trails tell of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.faults.judging.past.court import Court
from tests.faults.judging.past.replay import Entry

_TOLD = "booking", "tickets", "customer", "actor"


def halves(court: Court) -> Iterator[str]:
    """Find moves that only one trail tells of, or the two differently, and bookings in two places.

    Bookings that are over stay where they were.
    """
    for key, changes in court.made.items():
        entries = [court.pasts[event].replay.entries[number] for event, number in changes]
        out = [entry for entry in entries if entry["action"] == "moved_out"]
        into = [entry for entry in entries if entry["action"] == "moved_in"]
        if len(out) != len(into) or len(out) > 1:
            yield f"request {key}: {len(out)} left and {len(into)} arrived"
        for one, other in zip(out, into, strict=False):
            yield from _told_differently(one, other)

    homes = Counter(
        booking
        for past in court.pasts.values()
        for booking in past.replay.bookings
        if past.replay.at(booking, len(past.replay.entries)) is not None
    )
    for booking, count in homes.items():
        if count > 1:
            yield f"booking {booking} is in {count} events"


def _told_differently(out: Entry, into: Entry) -> Iterator[str]:
    wrong = [name for name in _TOLD if out[name] != into[name]]
    if wrong or into["changes"].get("event") != [out["event"], into["event"]]:
        yield f"booking {out['booking']}: the two trails of its move differ: {wrong or 'event'}"

"""Figures without a sequence are true of some moment, too: of the status, of lists, of pages.

An event that was deleted before somebody asked is shown to them nowhere, and one that is there is
never missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from tests.faults.judging.past.court import Court, Past
from tests.faults.judging.past.timeline import State
from tests.faults.load import pages
from tests.faults.load.history import Sight
from tests.faults.load.pages import Shown, ShownBooking

_LEFT = re.compile(r"(?:Only )?([\d,]+) left")
_WAITING = re.compile(r"(Sold out, )?([\d,]+) waiting")

# What one of the briefs calls otherwise than another.
_TWICE = (
    ("available", "availableTickets"),
    ("eventId", "id"),
    ("waitingListCount", "waitingCount"),
)

_WORDS = {
    "confirmed": {"Confirmed", "Yours"},
    "waiting": {"Waiting"},
    "cancelled": {"Cancelled", "Called off"},
}


def never_so(court: Court, sights: Iterable[Sight]) -> Iterator[str]:
    """Find what somebody was shown that was so at no moment between question and answer."""
    for sight in sights:
        try:
            yield from (f"{sight.kind}: {fault}" for fault in _faults(court, sight))
        except (LookupError, ValueError) as error:
            yield f"{sight.kind}: it can't be read: {error!r}"


def _faults(court: Court, sight: Sight) -> Iterator[str]:
    if sight.kind in _OF_BOOKINGS:
        yield from _booking(court, sight)
    elif sight.kind in _OF_EVENTS:
        if sight.status != 200:
            yield from _missing(court, sight)
            return
        for shown in _OF_EVENTS[sight.kind](sight):
            past = court.pasts.get(shown.event)
            if past is None or not any(
                _was_so(past, number, shown) for number in past.moments(sight.began, sight.ended)
            ):
                yield f"somebody saw {_said(shown)}, which never was so"


def _missing(court: Court, sight: Sight) -> Iterator[str]:
    past = court.pasts.get(sight.subject)
    if sight.status != 404:
        yield f"somebody was told {sight.status}"
    elif past is not None and all(
        _is_there(past, number) for number in past.moments(sight.began, sight.ended)
    ):
        yield f"somebody was told that there is no event {sight.subject}"


def _is_there(past: Past, number: int) -> bool:
    return number > 0 and not past.timeline.states[number].is_gone


def _was_so(past: Past, number: int, shown: Shown) -> bool:
    if not _is_there(past, number):
        return False
    state = past.timeline.states[number]
    bookings, revenue = past.replay.sums[number]
    is_ = {
        "sold": state.sold,
        "capacity": state.capacity,
        "available": state.available,
        "bookings": bookings,
        "waiting": state.waiting,
        "price": past.replay.prices[number],
        "revenue": revenue,
        "is_off": state.is_off,
    }
    told = asdict(shown)
    if any(told[name] not in (None, value) for name, value in is_.items()):
        return False
    return not shown.words or _says(shown.words, state)


def _says(words: str, state: State) -> bool:
    """Tell whether this is the word for how an event stands."""
    if state.is_off:
        return words == "Called off"
    if state.waiting:
        waits = _WAITING.fullmatch(words)
        sold_out = state.available == 0
        return waits is not None and (bool(waits[1]), _number(waits[2])) == (
            sold_out, state.waiting,
        )  # fmt: skip
    if state.available == 0:
        return words == "Sold out"
    left = _LEFT.fullmatch(words)
    return left is not None and _number(left[1]) == state.available


def _booking(court: Court, sight: Sight) -> Iterator[str]:
    moments = [
        (past, number)
        for past in court.where(sight.subject)
        for number in past.moments(sight.began, sight.ended)
    ]
    held = [(past, number, past.replay.at(sight.subject, number)) for past, number in moments]
    if sight.status == 404:
        if held and all(one is not None for _, _, one in held):
            yield f"somebody was told that there is no booking {sight.subject}"
        return
    shown = _OF_BOOKINGS[sight.kind](sight)
    for past, number, one in held:
        queue = past.replay.queues[number]
        place = queue.index(sight.subject) + 1 if sight.subject in queue else None
        if one is not None and shown.words in _WORDS[one.status] and (
            shown.tickets, shown.place, shown.total
        ) == (one.tickets, place, one.total):  # fmt: skip
            return
    yield f"somebody saw {_said(shown)}, which never was so"


def _said(shown: Shown | ShownBooking) -> Mapping[str, object]:
    return {name: value for name, value in asdict(shown).items() if value is not None}


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _event(told: Mapping[str, Any]) -> Shown:
    return Shown(
        told["id"],
        sold=told["ticketsSold"], capacity=told["capacity"], available=told["ticketsAvailable"],
        bookings=told["bookings"], waiting=told["waiting"], is_off=told["status"] == "cancelled",
        price=round(told["costPerTicket"] * 100), revenue=round(told["revenue"] * 100),
    )  # fmt: skip


def _status(sight: Sight) -> Iterator[Shown]:
    told = sight.json
    yield Shown(
        sight.subject,
        sold=told["ticketsSold"], capacity=told["capacity"], available=told["ticketsAvailable"],
        bookings=told["bookings"], waiting=told["waiting"], is_off=told["status"] == "cancelled",
    )  # fmt: skip


def _status_at_root(sight: Sight) -> Iterator[Shown]:
    told = sight.json["data"]
    yield Shown(
        sight.subject,
        available=told["available_tickets"], bookings=told["bookings_count"],
        waiting=told["waiting_list_count"], is_off="status" in told,
    )  # fmt: skip


def _status_under_events(sight: Sight) -> Iterator[Shown]:
    told = sight.json
    for one, other in _TWICE:
        if told[one] != told[other]:
            raise ValueError(f"{one} and {other} differ")
    yield Shown(
        told["id"],
        capacity=told["totalTickets"], available=told["availableTickets"],
        bookings=told["bookingsCount"], waiting=told["waitingListCount"], is_off="status" in told,
    )  # fmt: skip


def _told_booking(sight: Sight) -> ShownBooking:
    told = sight.json
    (word, *_) = _WORDS[told["status"]]
    total = None if told["total"] is None else round(told["total"] * 100)
    return ShownBooking(word, told["nTickets"], told.get("position"), total)


_OF_EVENTS: Mapping[str, Callable[[Sight], Iterable[Shown]]] = {
    "event": lambda sight: [_event(sight.json)],
    "events": lambda sight: map(_event, sight.json["items"]),
    "status": _status,
    "GET /status/{id}": _status_at_root,
    "GET /api/events/status/{id}": _status_under_events,
    "event page": lambda sight: [pages.event(sight.text, sight.subject)],
    "office event page": lambda sight: [pages.figures(sight.text, sight.subject)],
    "calendar page": lambda sight: pages.whats_on(sight.text),
    "office calendar": lambda sight: pages.calendar(sight.text),
}
_OF_BOOKINGS: Mapping[str, Callable[[Sight], ShownBooking]] = {
    "booking": _told_booking,
    "booking page": lambda sight: pages.booking(sight.text),
}

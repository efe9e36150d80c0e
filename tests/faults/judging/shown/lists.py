"""Each page of a list is what was there: rows as they were, in order, and nobody left out.

What MongoDB reads in one go it may read of several moments between question and answer, so a row
may be as it was at any of these, and whatever was in the list at all of them has to be shown. Where
the service reads one snapshot, the page is that of one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from tests.faults.judging.answers.heads import plain
from tests.faults.judging.past.court import Court, Past, faults_in
from tests.faults.judging.past.replay import Held
from tests.faults.judging.shown.naming import Names, Row
from tests.faults.judging.shown.rows import (
    booking_row,
    event_row,
    misnamed,
    refused,
    sale_row,
    without_name,
)
from tests.faults.load.history import Sight, row_id
from tests.faults.load.pages import Shown, calendar, whats_on

# What fits on a page where nobody asks for another number.
_ON_A_PAGE = 50
# How many events fit on a calendar's page at least.
_MOST_ON_A_PAGE = 40

Place = tuple[Any, ...]

# Before all others.
_FIRST: Place = ()


@dataclass(frozen=True)
class Option:
    """What may be at one place of a list, at one of the moments."""

    place: Place
    row: Callable[[], Row]


@dataclass(frozen=True)
class Page:
    """A page that was shown: its rows without names, and after which place it begins.

    Where what stood last on the page before has moved since, the place is between two.
    """

    items: Sequence[Row]
    size: int
    goes_on: bool
    after: Place = _FIRST
    at_most: Place = _FIRST


# By id: what was there in turn, None where nothing was.
Candidates = Mapping[str, Sequence[Option | None]]


def ill_listed(court: Court, sights: Iterable[Sight], today: date) -> Iterator[str]:
    """Find pages of lists that show what never was so, in a wrong order, or leave something out."""
    names = Names(court)

    def faults_of(sight: Sight) -> Iterable[str]:
        if sight.kind in _CALENDARS and sight.status == 200:
            return _missing_on_page(court, sight, today)
        return _JUDGES[sight.kind](court, names, sight) if sight.kind in _JUDGES else ()

    return faults_in(sights, faults_of)


def page_size(sight: Sight) -> int:
    """Return how many rows fit on a page."""
    return int(sight.query.get("limit", _ON_A_PAGE))


def _excerpt(candidates: Candidates, page: Page) -> Iterator[str]:
    """Compare a page with all that may be in the list behind the place that it follows."""
    count = len(page.items)
    if count > page.size or (page.goes_on and count < page.size):
        yield f"{count} rows, and room for {page.size}"
    last = page.after
    for item in page.items:
        fits = [
            option.place
            for option in candidates.get(row_id(item), ())
            if option is not None and option.row() == item
        ]
        later = [place for place in fits if place > last]
        if not later:
            yield f"{item} " + ("is not where it belongs" if fits else "never was so")
            return
        last = min(later)
    shown = {row_id(item) for item in page.items}
    for id_, options in candidates.items():
        places = [option.place for option in options if option is not None]
        if id_ in shown or not places or len(places) < len(options):
            continue
        if min(places) > max(page.after, page.at_most) and (not page.goes_on or max(places) < last):
            yield f"{id_} is left out"
    beyond = (o for options in candidates.values() for o in options if o and o.place > last)
    if page.goes_on and next(beyond, None) is None:
        yield "it goes on, and there is no more"


def _bookings(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    wanted = sight.query
    customer = names.customer(wanted["customer"]) if "customer" in wanted else None
    if sight.status != 200:
        yield f"somebody was told {sight.status}"
    if sight.status != 200 or ("customer" in wanted and customer is None):
        return

    def is_wanted(id_: str, held: Held) -> bool:
        return (
            held.customer is not None
            and customer in (None, held.customer)
            and wanted.get("status", held.status) == held.status
        )

    yield from _of_bookings(court, names, sight, is_wanted, booking_row)


def _sales(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    if sight.status != 200:
        yield f"somebody was told {sight.status}"
        return
    wanted = sight.query

    def is_wanted(id_: str, held: Held) -> bool:
        return (
            held.customer is None
            and wanted.get("status", held.status) == held.status
            and plain(court.first[id_]["at"]) >= wanted.get("from", "")
        )

    yield from _of_bookings(court, names, sight, is_wanted, sale_row)
    twice = {row["id"] for row in sight.json["items"]} & {*sight.behind}
    yield from (f"{id_} was on a page before" for id_ in twice)


def _of_bookings(
    court: Court,
    names: Names,
    sight: Sight,
    is_wanted: Callable[[str, Held], bool],
    row_of: Callable[[Court, Past, str, Held], Row],
) -> Iterator[str]:
    event = sight.query.get("event")
    pasts = [past for past in court.pasts.values() if event in (None, past.event)]

    def place(past: Past, id_: str, held: Held) -> Place:
        if event is not None:
            return (held.since,)
        return plain(court.first[id_]["at"]), past.event, held.since

    def option(past: Past, id_: str, held: Held | None) -> Option | None:
        if held is None or not is_wanted(id_, held):
            return None
        return Option(place(past, id_, held), partial(row_of, court, past, id_, held))

    candidates: dict[str, list[Option | None]] = {}
    behind: list[Place] = []
    for past in pasts:
        moments = past.moments(sight.began, sight.ended)
        for id_, ever in past.replay.bookings.items():
            options = [option(past, id_, held) for held in ever.during(moments)]
            if any(options):
                candidates[id_] = candidates.get(id_, []) + options
            if id_ in sight.behind[-1:]:
                behind += [place(past, id_, held) for held in ever.all() if held is not None]
    told = sight.json
    items = [without_name(row) for row in told["items"]]
    # In the order of time some may turn up in front of others that a page has shown already.
    after = _FIRST if event is None or not behind else min(behind)
    page = Page(
        items, page_size(sight), told["next"] is not None, after, max(behind, default=_FIRST)
    )
    yield from _excerpt(candidates, page)
    yield from misnamed(names, sight.json["items"], sight.ended)


def _waiting(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    """A waiting list is read from one snapshot."""
    past = court.pasts[sight.subject]
    moments = past.moments(sight.began, sight.ended)
    if sight.status != 200:
        yield from refused(past, moments, sight, lambda n: not past.timeline.states[n].is_gone)
        return
    if not any(_is_page(_queue(court, past, number, sight), sight) for number in moments):
        yield f"a waiting list that never was, of {len(sight.json['items'])}"
    yield from misnamed(names, sight.json["items"], sight.ended)


def _queue(court: Court, past: Past, number: int, sight: Sight) -> Sequence[Row]:
    rows, after = [], 0
    for place, id_ in enumerate(past.replay.queues[number], 1):
        held = past.replay.at(id_, number)
        assert held is not None
        rows.append((held.since, {
            "position": place, "id": id_, "customerId": held.customer, "nTickets": held.tickets,
            "createdAt": plain(court.first[id_]["at"]),
        }))  # fmt: skip
    for id_ in sight.behind[-1:]:
        after = min(held.since for held in past.replay.bookings[id_].all() if held is not None)
    return [row for since, row in rows if since > after]


def _is_page(rows: Sequence[Row], sight: Sight) -> bool:
    """Tell whether a page shows these rows, as many as it has room for, and whether it says so."""
    told, size = sight.json, page_size(sight)
    items = [without_name(row) for row in told["items"]]
    return items == rows[:size] and (told["next"] is not None) == (len(rows) > size)


def _owed(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    """What is owed is read from one snapshot: all that was confirmed when it was called off."""
    past = court.pasts[sight.subject]
    moments, states = past.moments(sight.began, sight.ended), past.timeline.states
    if sight.status != 200:
        yield from refused(past, moments, sight, lambda number: states[number].is_off)
        return
    off = next((number for number, state in enumerate(states) if state.is_off), len(states))
    if off not in range(moments.stop):
        yield "somebody is owed something, and it was not called off"
        return
    held = [(id_, past.replay.at(id_, off - 1)) for id_ in past.replay.bookings]
    owed = {id_: one for id_, one in held if one is not None and one.status == "confirmed"}
    after = max((owed[id_].since for id_ in sight.behind[-1:]), default=0)
    rows = [
        {
            "booking" if one.customer else "transaction": id_,
            "nTickets": one.tickets,
            "total": (one.total or 0) / 100,
        }
        for id_, one in sorted(owed.items(), key=lambda item: item[1].since)
        if one.since > after
    ]
    told = sight.json
    if not _is_page(rows, sight):
        yield f"told that these are owed something: {told['items']}"
    if round(told["owedTotal"] * 100) != past.replay.sums[off - 1][1]:
        yield f"told that {told['owedTotal']} is owed"
    since = [states[number] for number in moments if number >= off]
    if told["finishing"] not in {state.sold > 0 or state.waiting > 0 for state in since}:
        yield f"told that it is finishing: {told['finishing']}"
    for row in told["items"]:
        one_ = owed.get(row_id(row))
        if one_ is not None and not names.fits(row["customer"], one_.customer, sight.ended):
            yield f"{row['customer']} is not the name of {one_.customer}"


def _events(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    if sight.status != 200:
        yield f"somebody was told {sight.status}"
        return
    candidates = {
        past.event: [_listed(past, n) for n in past.moments(sight.began, sight.ended)]
        for past in court.pasts.values()
    }
    told = sight.json
    behind = [
        (details.get("day") or "", past.event)
        for id_ in sight.behind[-1:]
        for past in [court.pasts[id_]]
        for details in past.replay.details[1:]
    ]
    first, last = min(behind, default=_FIRST), max(behind, default=_FIRST)
    page = Page(told["items"], page_size(sight), told["next"] is not None, first, last)
    yield from _excerpt(candidates, page)


def _listed(past: Past, number: int) -> Option | None:
    if number == 0 or past.timeline.states[number].is_gone:
        return None
    place = past.replay.details[number].get("day") or "", past.event
    return Option(place, partial(event_row, past, number))


def _missing_on_page(court: Court, sight: Sight, today: date) -> Iterator[str]:
    """Judge what a page that is no list of the API leaves out of what is still to come, and order.

    By some worker's clock it may be tomorrow.
    """
    shown = {row.event: None for row in _CALENDARS[sight.kind](sight.text)}
    soon = (today + timedelta(days=1)).isoformat()
    ahead: dict[str, list[Place]] = {}
    for past in court.pasts.values():
        options = [_listed(past, number) for number in past.moments(sight.began, sight.ended)]
        places = [option.place for option in options if option and option.place[0] > soon]
        if places and (past.event in shown or len(places) == len(options)):
            ahead[past.event] = places
    last = _FIRST
    for event in shown:
        later = [place for place in ahead.get(event, ()) if place > last]
        if event in ahead and not later:
            yield f"{event} is not where it belongs"
            return
        last = min(later, default=last)
    for event, places in ahead.items():
        if event not in shown and (len(shown) < _MOST_ON_A_PAGE or max(places) < last):
            yield f"{event} is left out"


_CALENDARS: Mapping[str, Callable[[str], Iterable[Shown]]] = {
    "calendar page": whats_on,
    "office calendar": calendar,
}

_JUDGES: Mapping[str, Callable[[Court, Names, Sight], Iterator[str]]] = {
    "bookings": _bookings,
    "transactions": _sales,
    "waiting list": _waiting,
    "cancellation": _owed,
    "events": _events,
}

"""A page that shows what never was so, or leaves something out, is found; a true one is not."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from tests.faults.judging.answers.heads import plain
from tests.faults.judging.past.court import Court
from tests.faults.judging.shown.lists import ill_listed
from tests.faults.judging.told import NOON, Trail, asked, booked, court, returned, sold, waits
from tests.faults.load.history import Sight

Row = dict[str, Any]

EVENT = "event" + "1" * 20
TODAY = date(2026, 11, 30)


def office() -> Trail:
    """Two sales, of which the first was taken back, a booking, and two who wait."""
    trail = returned(sold(sold(Trail(EVENT, 5), "s1"), "s2"), "s1")
    return waits(waits(booked(trail, "b1", "p1", 4), "b2", "p2"), "b3", "p3", 2)


def sale(id_: str, second: int, **more: Any) -> Row:
    return {
        "id": id_, "event": EVENT, "nTickets": 1, "total": 5, "status": "confirmed",
        "actor": "staff", "createdAt": f"2026-11-30T12:00:{second:02}.000Z", **more,
    }  # fmt: skip


def held(id_: str, person: int, second: int, tickets: int, total: float | None) -> Row:
    return {
        "id": id_, "event": EVENT, "customer": f"p{person}", "customerId": f"c{person}",
        "nTickets": tickets, "total": total, "createdAt": f"2026-11-30T12:00:{second:02}.000Z",
        "status": "waiting" if total is None else "confirmed",
    }  # fmt: skip


ENDED = {
    "status": "cancelled", "cancelledAt": "2026-11-30T12:00:08.000Z", "reason": "staff",
    "cancelledBy": "other",
}  # fmt: skip
SALES = [sale("s1", 4, **ENDED), sale("s2", 6)]
BOOKINGS = [held("b1", 1, 10, 4, 20), held("b2", 2, 12, 1, None), held("b3", 3, 14, 2, None)]
_OF_QUEUE = "id", "customer", "customerId", "nTickets", "createdAt"
QUEUE: list[Row] = [
    {"position": place, **{name: row[name] for name in _OF_QUEUE}}
    for place, row in enumerate(BOOKINGS[1:], 1)
]


@pytest.fixture(autouse=True)
def spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    """People are called `p1` here, and nothing else."""
    monkeypatch.setattr(
        "tests.faults.judging.shown.naming.spellings", lambda number: [f"p{number}"]
    )


def page(
    kind: str, items: Any, path: str = "/", *, goes_on: bool = False, behind: tuple[str, ...] = (),
    began: float = 30.0, status: int = 200, **more: Any,
) -> Sight:  # fmt: skip
    body = {"items": items, "next": "x" if goes_on else None, **more}
    return Sight(
        kind, EVENT, began, began + 1.0, status, json.dumps(body).encode(), path, behind
    )  # fmt: skip


def found(*sights: Sight, trail: Trail | None = None) -> list[str]:
    return list(ill_listed(court(trail or office()), sights, TODAY))


OF_EVENT = f"?event={EVENT}"
SOUND = [
    page("transactions", SALES, OF_EVENT),
    page("transactions", SALES),
    page("transactions", SALES[1:], f"{OF_EVENT}&status=confirmed"),
    page("transactions", SALES[1:], "?from=2026-11-30T12:00:05.000Z"),
    page("transactions", SALES[:1], f"{OF_EVENT}&limit=1", goes_on=True),
    page("transactions", SALES[1:], OF_EVENT, behind=("s1",)),
    page("transactions", SALES[1:], behind=("s1",)),
    page("bookings", BOOKINGS, OF_EVENT),
    page("bookings", BOOKINGS[1:], f"{OF_EVENT}&status=waiting"),
    page("bookings", BOOKINGS[1:2], "?customer=p2"),
    page("waiting list", QUEUE),
    page("waiting list", QUEUE[:1], "?limit=1", goes_on=True),
    page("waiting list", QUEUE[1:], behind=("b2",)),
]


@pytest.mark.parametrize("sight", SOUND, ids=[f"{each.kind} {each.path}" for each in SOUND])
def test_is_silent_about_a_page_of_what_was(sight: Sight) -> None:
    assert found(sight) == []


@pytest.mark.parametrize("spoilt", ["last out", "twice", "backwards", "goes on", "another price"])
@pytest.mark.parametrize(
    ("kind", "items", "path"),
    [
        ("transactions", SALES, OF_EVENT),
        ("transactions", SALES, ""),
        ("bookings", BOOKINGS, OF_EVENT),
        ("waiting list", QUEUE, ""),
    ],
    ids=["sales of an event", "sales by time", "bookings", "waiting list"],
)
def test_finds_a_page_that_never_was(
    kind: str, items: list[Row], path: str, spoilt: str
) -> None:  # fmt: skip
    items = {
        "last out": items[:-1],
        "twice": [*items, items[-1]],
        "backwards": items[::-1],
        "goes on": items,
        "another price": [{**items[0], "total": 7}, *items[1:]],
    }[spoilt]

    assert len(found(page(kind, items, path, goes_on=spoilt == "goes on"))) >= 1


FIELDS = [
    *(("transactions", SALES, name) for name in SALES[0]),
    *(("bookings", BOOKINGS, name) for name in BOOKINGS[0]),
    *(("waiting list", QUEUE, name) for name in QUEUE[0]),
]


@pytest.mark.parametrize(("kind", "items", "name"), FIELDS, ids=lambda each: str(each)[:12])
def test_finds_each_field_that_is_wrong(kind: str, items: list[Row], name: str) -> None:
    spoilt = [{**items[0], name: "another"}, *items[1:]]

    assert len(found(page(kind, spoilt, OF_EVENT))) == 1


def test_finds_a_row_of_before_and_one_that_is_missing_of_a_page_in_between() -> None:
    before = [sale("s1", 4), SALES[1]]
    assert found(page("transactions", before, OF_EVENT, began=5.1)) == []
    assert len(found(page("transactions", before, OF_EVENT))) == 1

    assert len(found(page("transactions", [], OF_EVENT, behind=("s1",)))) == 1
    assert len(found(page("transactions", SALES[:1], behind=("s1",)))) >= 1


def test_finds_what_a_list_by_time_leaves_out_behind_what_came_later() -> None:
    trail = sold(sold(Trail(EVENT, 5), "s1"), "s2")
    early = NOON - timedelta(days=1)
    trail.entries[2]["at"] = early
    first, then = sale("s2", 0, createdAt=plain(early)), sale("s1", 4)
    assert found(page("transactions", [first, then]), trail=trail) == []

    assert len(found(page("transactions", [first]), trail=trail)) == 1
    assert found(page("transactions", [then], behind=("s2",)), trail=trail) == []
    assert len(found(page("transactions", [], behind=("s2",)), trail=trail)) == 1


def test_finds_a_place_in_the_list_of_another_page() -> None:
    shown = [{**QUEUE[1], "position": 1}]

    assert len(found(page("waiting list", shown, behind=("b2",)))) == 1


def test_lets_nobody_be_named_who_was_erased_and_nobody_else() -> None:
    trail = office()
    nameless = page("bookings", [{**BOOKINGS[0], "customer": None}, *BOOKINGS[1:]], OF_EVENT)
    assert len(found(nameless, trail=trail)) == 1

    path = "/customers/c1/erasure"
    trail.asked(asked("POST", path, None, 204, {}, began=30.5, person="p1"))

    assert found(nameless, trail=trail) == []


def off() -> Trail:
    """A sale and a booking that an event which was called off owes, in two commits."""
    trail = booked(sold(Trail(EVENT, 5), "s1"), "b1", "p1", 2)
    path = f"/events/{EVENT}/cancellation"
    trail.asked(asked("POST", path, None, 200, {}, key="off", began=trail.now))
    trail.add("called_off", None, "off", sold=3)
    changes = {"reason": [None, "called_off"]}
    trail.add("returned", "s1", "off", None, 1, 500, sold=2, changes=changes)
    return trail.add("cancelled", "b1", "off", "c1", 2, 1000, sold=0, changes=changes)


OWED: list[Row] = [
    {"transaction": "s1", "customer": None, "nTickets": 1, "total": 5},
    {"booking": "b1", "customer": "p1", "nTickets": 2, "total": 10},
]


@pytest.mark.parametrize(
    ("items", "told", "faults"),
    [
        (OWED, {}, 0),
        (OWED, {"finishing": True, "began": 6.5}, 0),
        (OWED, {"finishing": True}, 1),
        (OWED[1:], {"behind": ("s1",)}, 0),
        (OWED, {"owedTotal": 10}, 1),
        (OWED[::-1], {}, 1),
        (OWED[:1], {}, 1),
        ([OWED[0], {**OWED[1], "total": 5}], {}, 1),
        ([OWED[0], {**OWED[1], "customer": "p2"}], {}, 1),
        (OWED, {"status": 404}, 1),
    ],
    ids=str,
)
def test_compares_who_is_owed_what_with_all_that_was_confirmed(
    items: list[Row], told: Row, faults: int
) -> None:
    said: Row = {"owedTotal": 15, "finishing": False, **told}
    sight = page("cancellation", items, **said)

    assert len(found(sight, trail=off())) == faults


def test_finds_what_is_owed_of_an_event_that_was_not_called_off() -> None:
    shown = page("cancellation", [], owedTotal=0, finishing=False)

    assert len(found(shown)) == 1
    assert found(page("cancellation", [], status=404)) == []


def event(id_: str, day: str, **more: Any) -> Row:
    return {
        "id": id_, "name": "Gala", "venue": None, "date": day, "capacity": 3, "costPerTicket": 5,
        "ticketsSold": 0, "ticketsAvailable": 3, "bookings": 0, "waiting": 0, "revenue": 0,
        "status": "scheduled", "createdAt": "2026-11-30T12:00:02.000Z", "head": "1:h1", **more,
    }  # fmt: skip


EVENTS = [event("e2", "2030-01-01"), event("e1", "2030-01-02")]


@pytest.mark.parametrize(
    ("items", "more", "faults"),
    [
        (EVENTS, {}, 0),
        (EVENTS[:1], {"path": "?limit=1", "goes_on": True}, 0),
        (EVENTS[1:], {"behind": ("e2",)}, 0),
        (EVENTS[::-1], {}, 1),
        (EVENTS[:1], {}, 1),
        (EVENTS[1:], {"path": "?limit=1", "goes_on": True}, 2),
        ([EVENTS[0], {**EVENTS[1], "revenue": 5}], {}, 1),
        ([EVENTS[0], {**EVENTS[1], "head": "1:h2"}], {}, 1),
    ],
    ids=str,
)
def test_finds_a_calendar_that_never_was(items: list[Row], more: Row, faults: int) -> None:
    shown = page("events", items, **more)

    assert len(list(ill_listed(two_events(), [shown], TODAY))) == faults


def two_events() -> Court:
    trails = Trail("e1", day="2030-01-02"), Trail("e2")
    for trail in trails:
        trail.asked(asked("POST", "/events", {}, 201, {"id": trail.event}, key=trail.event))
        trail.entries[0]["request_id"] = trail.event
    return court(*trails)


@pytest.mark.parametrize(
    ("events", "today", "faults"),
    [
        (("e2", "e1"), TODAY, 0),
        (("e2",), TODAY, 1),
        ((), TODAY, 2),
        (("e1", "e2"), TODAY, 1),
        (("e2",), date(2030, 1, 1), 0),
        ((), date(2030, 1, 3), 0),
    ],
)
def test_finds_what_a_calendar_s_page_leaves_out(
    events: tuple[str, ...], today: date, faults: int
) -> None:
    text = "".join(
        f'<article class="ticket"><a href="/events/{id_}">Gala</a><p class="is free">3 left</p>'
        '<span class="num nb">€5.00</span></article>'
        for id_ in events
    )
    sight = Sight("calendar page", "", 30.0, 31.0, 200, text.encode(), "/")

    assert len(list(ill_listed(two_events(), [sight], today))) == faults


def test_finds_a_list_that_is_refused_or_can_not_be_read() -> None:
    assert len(found(page("bookings", BOOKINGS, OF_EVENT, status=404))) == 1
    assert len(found(page("waiting list", QUEUE, status=404))) == 1
    assert len(found(page("transactions", [{"nothing": 1}], OF_EVENT))) >= 1

"""Figures that never were so are found, wherever they are shown; those that were are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.judging.shown.sights import never_so
from tests.faults.judging.told import Trail, asked, booked, court, waits
from tests.faults.load.history import Sight


def full() -> Trail:
    """Three of three sold, to one person, and one waits."""
    return waits(booked(Trail(), tickets=3), "b2", "p2")


def sight(kind: str, told: dict[str, Any] | str, *, subject: str = "e1", status: int = 200,
          began: float = 9.0) -> Sight:  # fmt: skip
    body = told if isinstance(told, str) else json.dumps(told)
    return Sight(kind, subject, began, began + 1.0, status, body.encode())


def found(trail: Trail, *sights: Sight) -> list[str]:
    return list(never_so(court(trail), sights))


STATUS = {"name": "Gala", "capacity": 3, "ticketsSold": 3, "ticketsAvailable": 0, "bookings": 1,
          "waiting": 1, "status": "scheduled"}  # fmt: skip
AT_ROOT = {"data": {"available_tickets": 0, "waiting_list_count": 1, "bookings_count": 1}}
UNDER_EVENTS = {"id": "e1", "eventId": "e1", "totalTickets": 3, "availableTickets": 0,
                "available": 0, "bookingsCount": 1, "waitingCount": 1,
    "waitingListCount": 1}  # fmt: skip
EVENT = {**STATUS, "id": "e1", "costPerTicket": 5, "revenue": 15}

SOUND = [
    ("status", STATUS),
    ("GET /status/{id}", AT_ROOT),
    ("GET /api/events/status/{id}", UNDER_EVENTS),
    ("event", EVENT),
    ("events", {"items": [EVENT]}),
]


@pytest.mark.parametrize(("kind", "told"), SOUND, ids=[kind for kind, _ in SOUND])
def test_is_silent_about_what_was_so(kind: str, told: dict[str, Any]) -> None:
    assert found(full(), sight(kind, told)) == []


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("status", {**STATUS, "ticketsAvailable": 1}),
        ("status", {**STATUS, "waiting": 0}),
        ("status", {**STATUS, "status": "cancelled"}),
        ("GET /status/{id}", {"data": {**AT_ROOT["data"], "available_tickets": 3}}),
        ("GET /status/{id}", {"data": {**AT_ROOT["data"], "bookings_count": 2}}),
        ("GET /api/events/status/{id}", {**UNDER_EVENTS, "waitingCount": 2}),
        ("GET /api/events/status/{id}", {**UNDER_EVENTS, "available": 1}),
        ("event", {**EVENT, "revenue": 7.5}),
        ("events", {"items": [{**EVENT, "costPerTicket": 4}]}),
        ("events", {"items": [EVENT, {**EVENT, "id": "e2"}]}),
        ("event page", "<p>nothing of the kind</p>"),
    ],
    ids=str,
)
def test_finds_what_never_was_so(kind: str, told: dict[str, Any] | str) -> None:
    assert len(found(full(), sight(kind, told))) == 1


def test_finds_what_was_so_once_and_is_no_more() -> None:
    before = {**STATUS, "ticketsSold": 0, "ticketsAvailable": 3, "bookings": 0, "waiting": 0}

    assert found(full(), sight("status", before, began=1.0)) == []
    assert len(found(full(), sight("status", before))) == 1


def page(words: str, price: str = "€5.00") -> str:
    return (
        f'<p class="is wait" id="state" data-live>{words}</p>'
        f'<dt>A ticket</dt><dd class="num">{price}</dd>'
    )


@pytest.mark.parametrize(
    ("shown", "faults"),
    [
        (page("Sold out, 1 waiting"), 0),
        (page("1 waiting"), 1),
        (page("Sold out, 2 waiting"), 1),
        (page("Sold out"), 1),
        (page("Called off"), 1),
        (page("Sold out, 1 waiting", "€2.50"), 1),
    ],
)
def test_reads_how_an_event_stands_off_its_page(shown: str, faults: int) -> None:
    assert len(found(full(), sight("event page", shown))) == faults


def gone() -> Trail:
    """An event that was deleted."""
    trail = Trail()
    trail.asked(asked("DELETE", "/events/e1", None, 204, {}, key="delete", began=trail.now))
    return trail.add("deleted", None, "delete")


def test_finds_a_deleted_event_that_is_shown_and_one_that_is_missing() -> None:
    shown = {**EVENT, "ticketsSold": 0, "ticketsAvailable": 3, "bookings": 0, "waiting": 0,
             "revenue": 0}  # fmt: skip

    assert found(Trail(), sight("event", shown)) == []
    assert found(gone(), sight("event", {}, status=404)) == []
    assert len(found(gone(), sight("event", shown))) == 1
    assert len(found(gone(), sight("events", {"items": [shown]}))) == 1
    assert len(found(full(), sight("event", {}, status=404))) == 1


BOOKING = {"id": "b2", "nTickets": 1, "status": "waiting", "position": 1, "total": None}


@pytest.mark.parametrize(
    ("told", "faults"),
    [
        (BOOKING, 0),
        ({**BOOKING, "position": 2}, 1),
        ({**BOOKING, "nTickets": 2}, 1),
        ({**BOOKING, "status": "confirmed"}, 1),
        ({**BOOKING, "total": 5}, 1),
    ],
    ids=str,
)
def test_looks_at_a_booking_too(told: dict[str, Any], faults: int) -> None:
    assert len(found(full(), sight("booking", told, subject="b2"))) == faults


def test_finds_a_booking_that_is_missing() -> None:
    assert len(found(full(), sight("booking", {}, subject="b2", status=404))) == 1
    assert found(full(), sight("booking", {}, subject="b3", status=404)) == []

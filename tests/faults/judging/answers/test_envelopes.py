"""An answer at a brief's route that contradicts itself is found, and what it says is translated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.judging.answers.answers import untrue
from tests.faults.judging.answers.envelopes import ill_said
from tests.faults.judging.answers.refusals import unjustified
from tests.faults.judging.told import STAFF, Trail, asked, booked, booking, court
from tests.faults.load import briefs
from tests.faults.load.history import Operation

CONFIRMED, WAITING = booking(), booking(total=None, position=1)
FLAT = {"id": "e1", "totalTickets": 3, "availableTickets": 3, "available": 3}
SERVED = {"id": "b2", "customer": "p2", "nTickets": 1}

# Where, with which status, and what is said.
Said = tuple[str, int, dict[str, Any]]
WELL: list[Said] = [
    ("/initialize", 201, {"error": False, "message": "", "eventId": "e1", "eventd": "e1",
                          "id": "e1", "data": FLAT}),
    ("/api/events/initialize", 201, FLAT),
    ("/book", 201, {"error": False, "message": "Ticket booked successfully", "data": CONFIRMED}),
    ("/book", 202, {"error": False, "data": WAITING,
                    "message": "No tickets available. User added to waiting list."}),
    ("/api/events/book", 201, {"status": "booked", "booking": CONFIRMED}),
    ("/api/events/book", 202, {"status": "waitlisted", "waiting": WAITING}),
    ("/cancel", 200, {"error": False, "message": "Booking canceled successfully."}),
    ("/api/events/cancel", 200, {"freed": True}),
    ("/api/events/cancel", 200, {"assignedTo": "p2", "assigned": [SERVED], "booking": SERVED}),
    ("/book", 409, {"error": True, "message": "Sold out.", "code": "sold_out"}),
]  # fmt: skip
BADLY: list[Said] = [
    ("/initialize", 201, {**WELL[0][2], "eventd": "e2"}),
    ("/initialize", 201, {**WELL[0][2], "error": True}),
    ("/api/events/initialize", 201, {**FLAT, "available": 2}),
    ("/book", 202, WELL[2][2]),
    ("/book", 201, {**WELL[2][2], "data": WAITING}),
    ("/api/events/book", 201, {"status": "waitlisted", "booking": CONFIRMED}),
    ("/api/events/book", 202, {"status": "waitlisted", "waiting": CONFIRMED}),
    ("/cancel", 200, {"error": False, "message": "Done."}),
    ("/api/events/cancel", 200, {**WELL[8][2], "assignedTo": "p3"}),
    ("/book", 409, {"code": "sold_out"}),
]


def at(path: str, status: int, told: dict[str, Any], **known: Any) -> Operation:
    """Write down what was asked at a brief's route."""
    operation = asked("POST", "", None, status, told)
    return replace(operation, path=path, via="brief", name=f"POST {path}", **known)


@pytest.mark.parametrize(("path", "status", "told"), WELL)
def test_is_silent_about_what_agrees(path: str, status: int, told: dict[str, Any]) -> None:
    assert list(ill_said([at(path, status, told)])) == []


@pytest.mark.parametrize(("path", "status", "told"), BADLY)
def test_finds_what_contradicts_itself(path: str, status: int, told: dict[str, Any]) -> None:
    assert len(list(ill_said([at(path, status, told)]))) == 1


def by_a_brief(**told: Any) -> Trail:
    """Somebody books two tickets under `/api/events`; `told` is what they are told otherwise."""
    trail = Trail()
    body = {"event_id": "e1", "nTickets": 2, "user": "p1"}
    operation = at(
        "/api/events/book", 201, {"status": "booked", "booking": {**CONFIRMED, **told}},
        body=body, key="book b1", began=trail.now, ended=trail.now + 1, person="p1",
    )  # fmt: skip
    trail.asked(briefs.as_of_the_api(operation))
    return trail.add("booked", "b1", "book b1", "c1", 2, 1000, sold=2)


def test_judges_what_a_brief_tells_as_any_other_answer() -> None:
    assert list(untrue(court(by_a_brief()))) == []
    assert len(list(untrue(court(by_a_brief(total=5))))) == 1
    assert len(list(untrue(court(by_a_brief(nTickets=1))))) == 1


def cancelled(status: int = 200, customer: str = "p1", code: str = "") -> Operation:
    told = {"code": code} if code else {"error": False, "message": ""}
    operation = briefs.cancel("", "e1", STAFF, customer, customer)
    answer = at("/cancel", status, told).answer
    return briefs.as_of_the_api(replace(operation, key="off", began=9, ended=10, answer=answer))


def test_knows_whose_booking_was_to_be_cancelled() -> None:
    trail = booked(Trail()).add("cancelled", "b1", "off", "c1", 2, 1000)
    assert list(untrue(court(trail.asked(cancelled())))) == []

    other = booked(booked(Trail(), tickets=1), "b2", "p2", 1).add(
        "cancelled", "b2", "off", "c2", 1, 500, sold=1
    )
    assert "p1 was meant" in next(untrue(court(other.asked(cancelled()))))


def test_finds_a_cancellation_at_a_brief_s_route_that_did_nothing() -> None:
    (text,) = untrue(court(booked(Trail()).asked(cancelled())))

    assert "nothing has changed" in text


def test_knows_who_has_nothing_to_cancel() -> None:
    def refused(customer: str) -> list[str]:
        asks = cancelled(404, customer, "booking_not_found")
        return list(unjustified(court(booked(Trail()).asked(asks))))

    assert refused("p2") == []
    assert len(refused("p1")) == 1

"""A refusal that nothing explains is found; one that was true at some moment is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.judging.answers.refusals import unjustified
from tests.faults.judging.told import STAFF, Trail, asked, booked, court, waits
from tests.faults.load.history import Operation
from tests.faults.load.people import Asker

ADA = Asker("ada", "p1", "user1")
SELL = "POST", "/transactions"
BOOK = "POST", "/events/e1/bookings"
RESIZE = "PATCH", "/bookings/b1"
MOVE = "POST", "/bookings/b1/move"
ACCEPT = "POST", "/transfers"


def refused(
    route: tuple[str, str],
    body: dict[str, Any],
    code: str,
    asker: Asker = STAFF,
    *,
    person: str | None = None,
    status: int = 409,
    **facts: Any,
) -> Operation:
    told = {"code": code, **facts}
    return asked(*route, body, status, told, began=9.0, person=person, asker=asker)


def sale(tickets: int) -> dict[str, Any]:
    return {"event": "e1", "nTickets": tickets}


SOME_LEFT = [
    (refused(SELL, sale(2), "not_enough_tickets", available=1), True),
    (refused(SELL, sale(1), "not_enough_tickets", available=1), False),
    (refused(SELL, sale(3), "not_enough_tickets", available=2), False),
    (refused(SELL, sale(1), "sold_out", available=0), False),
    (refused(SELL, sale(1), "waiting_list_first", available=1), False),
    (refused(BOOK, {"nTickets": 1}, "already_booked", person="p1"), True),
    (refused(BOOK, {"nTickets": 1}, "already_waiting", person="p1"), False),
    (refused(BOOK, {"nTickets": 1}, "already_booked", person="p2"), False),
    (refused(BOOK, {"nTickets": 3}, "limit_reached", ADA, available=2), True),
    (refused(BOOK, {"nTickets": 2}, "limit_reached", ADA, available=2), False),
    (refused(BOOK, {"nTickets": 3}, "limit_reached", person="p1", available=2), False),
    (refused(BOOK, {"nTickets": 5}, "bad_request", ADA, status=400), True),
    (refused(BOOK, {"nTickets": 4}, "bad_request", ADA, status=400), False),
    (refused(BOOK, {"nTickets": 4}, "exceeds_capacity", capacity=3), True),
    (refused(BOOK, {"nTickets": 3}, "exceeds_capacity", capacity=3), False),
    (refused(RESIZE, {"nTickets": 4}, "not_enough_tickets", available=1), True),
    (refused(RESIZE, {"nTickets": 3}, "not_enough_tickets", available=1), False),
    (refused(RESIZE, {"nTickets": 2}, "not_a_reduction"), True),
    (refused(RESIZE, {"nTickets": 1}, "not_a_reduction"), False),
    (refused(RESIZE, {"nTickets": 1}, "booking_cancelled"), False),
    (refused(RESIZE, {"nTickets": 3}, "not_confirmed"), False),
    (refused(RESIZE, {"nTickets": 1}, "booking_not_found", status=404), False),
    (refused(RESIZE, {"nTickets": 1}, "booking_not_found", Asker("x", "p2"), status=404), True),
    (refused(MOVE, {"event": "e1"}, "already_booked"), True),
    (refused(ACCEPT, {"code": "unknown"}, "offer_gone", person="p2", status=410), True),
    (refused(RESIZE, {"nTickets": 1}, "no_such_code"), False),
]


@pytest.mark.parametrize(("operation", "justified"), SOME_LEFT)
def test_judges_refusals_while_one_of_three_is_left(operation: Operation, justified: bool) -> None:
    trail = booked(Trail()).asked(operation)

    assert (list(unjustified(court(trail))) == []) is justified


@pytest.mark.parametrize(
    ("operation", "justified"),
    [
        (refused(SELL, sale(1), "sold_out", available=0), True),
        (refused(BOOK, {"nTickets": 1}, "already_waiting", person="p2"), True),
        (refused(BOOK, {"nTickets": 1}, "already_booked", person="p2"), False),
        (refused(("POST", "/bookings/b2/move"), {"event": "e1"}, "not_confirmed"), True),
    ],
)
def test_judges_refusals_while_somebody_waits(operation: Operation, justified: bool) -> None:
    trail = waits(booked(Trail(), tickets=3), "b2", "p2").asked(operation)

    assert (list(unjustified(court(trail))) == []) is justified


@pytest.mark.parametrize(
    ("body", "code", "facts", "justified"),
    [
        ({"capacity": 2}, "capacity_below_sold", {"ticketsSold": 3}, True),
        ({"capacity": 2}, "capacity_below_sold", {"ticketsSold": 4}, False),
        ({"capacity": 3}, "capacity_below_sold", {"ticketsSold": 3}, False),
        ({"capacity": 3}, "capacity_below_waiting", {}, True),
        ({"capacity": 4}, "capacity_below_waiting", {}, False),
        ({"capacity": 4}, "event_cancelled", {}, False),
    ],
)
def test_judges_refusals_of_less_capacity(
    body: dict[str, Any], code: str, facts: dict[str, Any], justified: bool
) -> None:
    trail = waits(booked(Trail(), tickets=3), "b2", "p2", tickets=4)
    trail.asked(refused(("PATCH", "/events/e1"), body, code, **facts))

    assert (list(unjustified(court(trail))) == []) is justified


@pytest.mark.parametrize(
    ("operation", "justified"),
    [
        (refused(SELL, sale(1), "event_cancelled"), True),
        (refused(RESIZE, {"nTickets": 1}, "event_cancelled"), True),
        (refused(("POST", "/events/e1/cancellation"), {}, "event_cancelled"), True),
        (refused(SELL, sale(2), "not_enough_tickets", available=1), False),
    ],
)
def test_judges_refusals_once_an_event_is_called_off(operation: Operation, justified: bool) -> None:
    trail = booked(Trail()).asked(
        asked("POST", "/events/e1/cancellation", None, 200, {}, key="off", began=4.0)
    )
    trail.add("called_off", None, "off", sold=2).asked(operation)

    assert (list(unjustified(court(trail))) == []) is justified


def test_knows_a_code_that_is_good_from_one_that_was_taken_back() -> None:
    trail = booked(Trail())
    trail.asked(asked("POST", "/bookings/b1/transfer", {}, 201, {"code": "xyz"}, key="offer"))
    trail.add("offered", "b1", "offer", "c1", 2, 1000, sold=2)
    trail.asked(refused(ACCEPT, {"code": "xyz"}, "offer_gone", person="p2", status=410))
    assert len(list(unjustified(court(trail)))) == 1

    trail.asked(asked("DELETE", "/bookings/b1/transfer", None, 200, {}, key="back"))
    trail.add("withdrawn", "b1", "back", "c1", 2, 1000, sold=2)

    assert list(unjustified(court(trail))) == []


def test_lets_a_booking_that_goes_elsewhere_just_then_be_not_there() -> None:
    here, there = booked(Trail()), Trail("e2")
    here.add("moved_out", "b1", "move", "c1", 2, 1000)
    there.add("moved_in", "b1", "move", "c1", 2, 1000, sold=2, changes={"event": ["e1", "e2"]})
    here.asked(
        asked("POST", "/bookings/b1/move", {"event": "e2"}, 200, {"id": "b1"}, key="move", began=9)
    )
    missed = refused(RESIZE, {"nTickets": 1}, "booking_not_found", status=404)
    assert list(unjustified(court(here.asked(missed), there))) == []

    missed.began, missed.ended = 20.0, 21.0

    assert len(list(unjustified(court(here, there)))) == 1


DELETE = "DELETE", "/events/e1"
INITIALIZE = "POST", "/events"


@pytest.mark.parametrize(
    ("operation", "booked_before", "after_it"),
    [
        (refused(DELETE, {}, "event_has_bookings"), True, False),
        (refused(INITIALIZE, {"event": "e1"}, "event_exists"), True, True),
        (refused(DELETE, {}, "event_not_found", status=404), False, True),
        (refused(SELL, sale(1), "event_not_found", status=404), False, True),
        (refused(BOOK, {}, "event_not_found", person="p2", status=404), False, True),
    ],
    ids=lambda value: value.path if isinstance(value, Operation) else "",
)
def test_judges_refusals_of_what_is_booked_and_of_what_is_deleted(
    operation: Operation, booked_before: bool, after_it: bool
) -> None:
    def is_justified(trail: Trail) -> bool:
        return list(unjustified(court(trail.asked(operation)))) == []

    deleted = Trail().asked(asked("DELETE", "/events/e1", None, 204, {}, key="gone", began=2))

    assert is_justified(booked(Trail())) is booked_before
    assert is_justified(deleted.add("deleted", None, "gone")) is after_it


def test_knows_that_who_was_erased_has_no_booking_any_more() -> None:
    trail = booked(Trail())
    trail.asked(asked("POST", "/customers/c1/erasure", None, 204, {}, began=6, person="p1"))

    again = refused(BOOK, {"nTickets": 1}, "already_booked", person="p1")

    assert len(list(unjustified(court(trail.asked(again))))) == 1

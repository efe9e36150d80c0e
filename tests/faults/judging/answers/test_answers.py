"""An answer that its change does not bear out is found; one that it does is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.judging.answers.answers import untrue
from tests.faults.judging.told import Trail, asked, booked, booking, court, waits

SERVED = [{"id": "b2", "customer": "p2", "nTickets": 1}]


def full() -> Trail:
    """Three of three sold, to one person, and one waits."""
    return waits(booked(Trail(), tickets=3), "b2", "p2")


def cancelled(**told: Any) -> Trail:
    """The first cancels, and who waits gets a ticket; `told` is what the answer says otherwise."""
    trail, key = full(), "cancel"
    answer = booking(tickets=3, total=15, status="cancelled", assigned=SERVED, assignedCount=1)
    trail.asked(asked("DELETE", "/bookings/b1", None, 200, {**answer, **told}, key=key,
                      began=trail.now))  # fmt: skip
    trail.add("cancelled", "b1", key, "c1", 3, 1500, waiting=1)
    return trail.add("assigned", "b2", key, "c2", 1, 500, sold=1)


def test_is_silent_about_what_is_true() -> None:
    assert list(untrue(court(cancelled()))) == []


@pytest.mark.parametrize(
    "told",
    [
        {"assigned": [], "assignedCount": 0},
        {"assignedCount": 2},
        {"assigned": [*SERVED, *SERVED]},
        {"status": "confirmed"},
        {"total": 7.5},
        {"nTickets": 1},
        {"customerId": "c2"},
        {"event": "e2"},
        {"id": "b2"},
        {"position": 1},
    ],
    ids=str,
)
def test_finds_what_an_answer_says_otherwise(told: dict[str, Any]) -> None:
    assert len(list(untrue(court(cancelled(**told))))) >= 1


def test_finds_a_position_that_is_not_their_place() -> None:
    (found,) = untrue(court(waits(booked(Trail(), tickets=3), "b2", "p2", position=2)))

    assert "position was told as 2 and is 1" in found


def added(total: int) -> Trail:
    trail, key = booked(Trail(), tickets=1), "add"
    answer = booking(tickets=3, total=total / 100, assigned=[], assignedCount=0)
    trail.asked(
        asked("PATCH", "/bookings/b1", {"nTickets": 3}, 200, answer, key=key, began=trail.now)
    )
    return trail.add("added", "b1", key, "c1", 3, total, sold=3)


def test_knows_what_is_due_for_tickets_that_are_added() -> None:
    assert list(untrue(court(added(1500)))) == []
    (found,) = untrue(court(added(500)))
    assert "costs 500, and 1500 is due" in found


def offered(trail: Trail) -> Trail:
    trail.asked(
        asked("POST", "/bookings/b1/transfer", {}, 201, {"code": "xyz"}, key="offer",
              began=trail.now)
    )  # fmt: skip
    return trail.add("offered", "b1", "offer", "c1", 2, 1000, sold=2)


def taken_up(trail: Trail, person: str = "p2") -> Trail:
    key, customer = f"accept by {person}", f"c{person[1:]}"
    answer = booking("b1", customer, 2, 10, assigned=[], assignedCount=0)
    trail.asked(asked("POST", "/transfers", {"code": "xyz", "customer": person}, 200, answer,
                      key=key, began=trail.now, person=person))  # fmt: skip
    return trail.add("transferred", "b1", key, customer, 2, 1000, sold=2)


def test_finds_a_code_that_was_taken_up_though_it_was_not_good() -> None:
    trail = taken_up(offered(booked(Trail())))
    assert list(untrue(court(trail))) == []

    (found,) = untrue(court(taken_up(trail, "p3")))

    assert "not good" in found


def test_finds_a_booking_that_went_to_somebody_else_than_was_meant() -> None:
    trail = taken_up(offered(booked(Trail())))
    trail.entries[-1]["customer"] = "c9"

    assert any("p2 was meant" in found for found in untrue(court(trail)))


def test_finds_a_cancellation_that_was_granted_and_changed_nothing() -> None:
    trail = booked(Trail())
    answer = booking(status="cancelled", assigned=[], assignedCount=0)
    trail.asked(asked("DELETE", "/bookings/b1", None, 200, answer, began=trail.now))

    (found,) = untrue(court(trail))

    assert "nothing has changed" in found


OWED = [{"id": "b1", "customer": "p1", "nTickets": 3, "total": 15}]


def called_off(**told: Any) -> Trail:
    """Three were sold to one person, one waited, and it is called off."""
    trail, key = full(), "off"
    answer = {"event": {}, "owed": OWED, "owedTotal": 15, **told}
    trail.asked(asked("POST", "/events/e1/cancellation", None, 200, answer, key=key,
                      began=trail.now))  # fmt: skip
    trail.add("called_off", None, key, sold=3, waiting=1)
    trail.add("cancelled", "b1", key, "c1", 3, 1500, waiting=1)
    return trail.add("cancelled", "b2", key, "c2", 1, None)


def test_is_silent_about_what_is_owed_when_an_event_is_called_off() -> None:
    assert list(untrue(court(called_off()))) == []


@pytest.mark.parametrize(
    "told",
    [
        {"owed": []},
        {"owedTotal": 20},
        {"owed": [{**OWED[0], "total": 5}]},
        {"owed": [{**OWED[0], "nTickets": 1}]},
        {"owed": [{**OWED[0], "id": "b2"}]},
    ],
    ids=str,
)
def test_finds_what_is_told_otherwise_of_what_is_owed(told: dict[str, Any]) -> None:
    assert len(list(untrue(court(called_off(**told))))) == 1


def unchanged(**values: object) -> Trail:
    """Somebody asks for a change, is told that it is so, and no entry was made."""
    trail = booked(Trail(capacity=3, price=500))
    return trail.asked(asked("PATCH", "/events/e1", values, 200, {}, began=trail.now))


def test_lets_a_change_change_nothing_that_is_so_already() -> None:
    assert list(untrue(court(unchanged(capacity=3)))) == []
    assert list(untrue(court(unchanged(costPerTicket=5)))) == []


@pytest.mark.parametrize("values", [{"capacity": 4}, {"costPerTicket": 6}, {"date": "2030-01-01"}])
def test_finds_a_change_that_was_granted_and_not_made(values: dict[str, object]) -> None:
    (found,) = untrue(court(unchanged(**values)))

    assert "nothing has changed" in found


def test_leaves_a_move_that_left_twice_to_the_judge_of_moves() -> None:
    here, there, key = booked(Trail()), Trail("e2"), "move"
    answer = booking("b1", event="e2", assigned=[], assignedCount=0)
    here.asked(asked("POST", "/bookings/b1/move", {"event": "e2"}, 200, answer, key=key,
                     began=here.now))  # fmt: skip
    for _ in range(2):
        here.add("moved_out", "b1", key, "c1", 2, 1000)
    there.add("moved_in", "b1", key, "c1", 2, 1000, sold=2)

    assert list(untrue(court(here, there))) == []


def deleted(trail: Trail) -> Trail:
    trail.asked(asked("DELETE", "/events/e1", None, 204, {}, key="delete", began=trail.now))
    return trail.add("deleted", None, "delete", sold=trail.entries[-1]["sold"])


def test_finds_an_event_that_was_deleted_though_it_was_booked() -> None:
    assert list(untrue(court(deleted(Trail())))) == []

    (found,) = untrue(court(deleted(booked(Trail()))))

    assert "though it was booked" in found


def test_finds_what_happens_to_an_event_after_it_was_deleted() -> None:
    found = list(untrue(court(booked(deleted(Trail())))))

    assert any("changed afterwards" in text for text in found)

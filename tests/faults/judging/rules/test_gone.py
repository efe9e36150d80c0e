"""Who was erased and shows again or holds on is found, and an export that is not whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.judging.rules.gone import incomplete, not_left, shown_again
from tests.faults.judging.told import Trail, asked, booked, court, waits
from tests.faults.load.history import Operation, Sight

NAME = "Leaver 1"


def erasure(began: float = 20.0, status: int = 204, customer: str = "c1") -> Operation:
    path = f"/customers/{customer}/erasure"
    return asked("POST", path, None, status, {}, key="erase", began=began, person=NAME)


def sight(
    kind: str, text: str, began: float = 30.0, status: int = 200, subject: str = "c1"
) -> Sight:
    return Sight(kind, subject, began, began + 1.0, status, text.encode())


def test_finds_a_name_that_shows_after_it_was_erased() -> None:
    left = court(booked(Trail()).asked(erasure()))

    assert list(shown_again(left, [sight("bookings", NAME, began=10.0)])) == []
    assert list(shown_again(left, [sight("bookings", "somebody else")])) == []
    assert len(list(shown_again(left, [sight("bookings", NAME)]))) == 1


def test_finds_a_name_in_an_answer() -> None:
    told = asked("DELETE", "/bookings/b1", None, 200, {"customer": NAME}, began=30.0)

    assert len(list(shown_again(court(Trail().asked(erasure()).asked(told)), []))) == 1


def test_lets_a_name_show_that_has_come_again() -> None:
    again = asked("POST", "/events/e1/bookings", {"customer": NAME}, 409, {}, began=20.5,
                  person=NAME)  # fmt: skip
    left = court(Trail().asked(erasure()).asked(again))

    assert list(shown_again(left, [sight("bookings", NAME)])) == []


@pytest.mark.parametrize("kind", ["customer", "export"])
def test_finds_who_is_shown_though_erased_and_who_is_missing_though_not(kind: str) -> None:
    left, here = court(Trail().asked(erasure())), court(Trail())

    assert list(shown_again(left, [sight(kind, "", status=404)])) == []
    assert list(shown_again(here, [sight(kind, "")])) == []
    assert len(list(shown_again(left, [sight(kind, "")]))) == 1
    assert len(list(shown_again(here, [sight(kind, "", status=404)]))) == 1


def gives_up(trail: Trail, action: str = "cancelled", booking: str = "b2") -> Trail:
    """The erased give up a booking, in the course of their erasure."""
    trail.asked(erasure(trail.now, customer="c2"))
    return trail.add(action, booking, "erase", "c2", 1, sold=3)


def in_line() -> Trail:
    return waits(booked(Trail(), tickets=3), "b2", "p2")


def test_finds_who_was_erased_and_waits_on() -> None:
    assert list(not_left(court(gives_up(in_line())))) == []

    (text,) = not_left(court(in_line().asked(erasure(customer="c2"))))

    assert "waits for e1" in text


def test_finds_an_erasure_that_takes_somebody_s_tickets() -> None:
    trail = gives_up(in_line()).add("cancelled", "b1", "erase", "c1", 3)

    assert [text for text in not_left(court(trail)) if "it has cancelled b1" in text]


def test_finds_who_gets_tickets_after_they_were_erased() -> None:
    trail = booked(gives_up(in_line()), "b3", "p2", 1)

    assert [text for text in not_left(court(trail)) if "and then booked" in text]


def test_finds_an_erasure_that_was_refused_for_no_reason() -> None:
    assert len(list(not_left(court(Trail().asked(erasure(status=404)))))) == 1
    assert len(list(not_left(court(Trail().asked(erasure(status=409)))))) == 1

    heard_late = erasure(status=404)
    heard_late.attempts = 2
    assert list(not_left(court(Trail().asked(heard_late)))) == []


ROW = {"id": "b1", "event": "e1", "status": "confirmed", "nTickets": 2, "total": 10}
ENTRY = {"event": "e1", "sequence": 2, "action": "booked", "booking": "b1", "nTickets": 2}


@pytest.mark.parametrize(
    ("told", "faults"),
    [
        ({}, 0),
        ({"bookings": []}, 1),
        ({"audit": []}, 1),
        ({"bookings": [{**ROW, "total": 5}]}, 1),
        ({"bookings": [{**ROW, "status": "cancelled"}]}, 1),
        ({"audit": [{**ENTRY, "action": "sold"}]}, 2),
        ({"audit": [{**ENTRY, "event": "e2"}]}, 2),
        ({"customer": {"id": "c2"}}, 1),
    ],
    ids=str,
)
def test_compares_an_export_with_all_that_is_known(told: dict[str, Any], faults: int) -> None:
    whole = {"customer": {"id": "c1"}, "bookings": [ROW], "audit": [ENTRY]}
    shown = sight("export", json.dumps({**whole, **told}))

    assert len(list(incomplete(court(booked(Trail())), [shown]))) == faults

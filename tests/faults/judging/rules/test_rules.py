"""Halves of moves, people who are two, limits that are passed, reads of what never was."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.faults.judging import sometimes
from tests.faults.judging.rules.moves import halves
from tests.faults.judging.rules.rules import broken
from tests.faults.judging.shown.reads import misread
from tests.faults.judging.told import Trail, asked, booked, booking, court, waits
from tests.faults.load.history import Look, Sight
from tests.faults.load.people import MOST

PERSON_OF = {"user1": "p1"}


def moved() -> tuple[Trail, Trail]:
    here, there = booked(Trail()), Trail("e2")
    here.add("moved_out", "b1", "move", "c1", 2, 1000)
    there.add("moved_in", "b1", "move", "c1", 2, 1000, sold=2, changes={"event": ["e1", "e2"]})
    return here, there


def test_is_silent_about_a_move_that_is_whole() -> None:
    assert list(halves(court(*moved()))) == []


def test_finds_a_move_that_only_one_trail_tells_of() -> None:
    here, there = moved()
    del there.entries[-1]
    assert len(list(halves(court(here, there)))) == 1

    here, there = moved()
    del here.entries[-1]
    assert len(list(halves(court(here, there)))) == 2, "half a move, and in two places"


@pytest.mark.parametrize(
    "lie", [{"tickets": 3}, {"customer": "c2"}, {"actor": "x"}, {"changes": {"event": ["", "e2"]}}],
    ids=str,
)  # fmt: skip
def test_finds_a_move_that_two_trails_tell_differently(lie: dict[str, object]) -> None:
    here, there = moved()
    there.entries[-1] |= lie

    assert len(list(halves(court(here, there)))) == 1


def test_finds_a_move_that_happened_twice() -> None:
    here, there = moved()
    third = Trail("e3")
    third.entries.append({**there.entries[-1], "event": "e3"})

    assert len(list(halves(court(here, there, third)))) == 2


def test_finds_one_person_who_is_two_customers() -> None:
    trail = booked(booked(Trail(), tickets=1), "b2", "p2", 1)
    assert list(broken(court(trail), PERSON_OF)) == []

    trail.history[1].person = "p1"

    assert any("2 customers" in found for found in broken(court(trail), PERSON_OF))


def test_finds_two_persons_who_are_one_customer() -> None:
    trail = booked(booked(Trail(), tickets=1), "b2", "p1", 1)
    trail.history[1].person = "p2"

    found = list(broken(court(trail), PERSON_OF))

    assert sum("somebody else" in text for text in found) == 2
    assert sum("holds 2 bookings" in text for text in found) == 1


def passed_on(tickets: int) -> Trail:
    """An account buys what it may, passes it on, and buys again."""
    trail = Trail(capacity=20)
    trail.add("booked", "b1", "k1", "c1", MOST - 1, 1500, sold=MOST - 1, actor="user1")
    trail.add("transferred", "b1", "k2", "c2", MOST - 1, 1500, sold=MOST - 1, actor="user2")
    return trail.add("booked", "b2", "k3", "c1", tickets, 500, sold=9, actor="user1")


def test_counts_what_was_passed_on_for_who_has_bought_it() -> None:
    assert list(broken(court(passed_on(1)), PERSON_OF)) == []
    assert len(list(broken(court(passed_on(2)), PERSON_OF))) == 1
    assert list(broken(court(passed_on(2)), {})) == [], "staff may go beyond it"


def test_does_not_count_what_was_given_back() -> None:
    trail = passed_on(1)
    trail.add("reduced", "b1", "k4", "c2", 1, 500, actor="user2")
    trail.add("added", "b2", "k5", "c1", MOST - 1, 500, actor="user1")
    assert list(broken(court(trail), PERSON_OF)) == []

    trail.add("added", "b2", "k6", "c1", MOST, 500, actor="user1")

    assert len(list(broken(court(trail), PERSON_OF))) == 1


def test_finds_a_code_that_was_good_twice() -> None:
    trail = Trail()
    for person in ("p1", "p2"):
        trail.asked(asked("POST", "/transfers", {"code": "xyz"}, 200,
                          booking(customer=f"c{person[1:]}"), person=person))  # fmt: skip

    assert list(broken(court(trail), {})) == ["a code was good 2 times"]


SHOWN = {
    "id": "e1", "name": "Gala", "venue": None, "date": "2030-01-01", "capacity": 3,
    "costPerTicket": 5, "ticketsSold": 3, "ticketsAvailable": 0, "bookings": 1, "waiting": 0,
    "status": "scheduled", "revenue": 15.0, "createdAt": "2026-11-30T12:00:02.000Z",
    "head": "2:h2",
}  # fmt: skip
LOOK = Look("e1", 4.5, 4.6, 2, 3, 0, SHOWN)


def list_of_two() -> Trail:
    return waits(waits(booked(Trail(), tickets=3), "b2", "p2"), "b3", "p3")


def test_is_silent_about_reads_of_what_was() -> None:
    assert list(misread(court(list_of_two()), [LOOK])) == []


@pytest.mark.parametrize("name", list(SHOWN))
def test_finds_a_field_that_never_was_and_one_that_is_missing(name: str) -> None:
    other = replace(LOOK, shown={**SHOWN, name: 7})
    less = replace(LOOK, shown={k: value for k, value in SHOWN.items() if k != name})

    assert len(list(misread(court(list_of_two()), [other]))) == 1
    assert len(list(misread(court(list_of_two()), [less]))) == 1


def test_counts_what_a_run_has_met() -> None:
    metrics = "ticketing_commit_conflicts_total 3\n"
    met = sometimes.met(court(list_of_two()), [metrics])

    assert met["change: waitlisted"] == 2
    assert met[sometimes.DEFEAT] == 3
    assert not met["change: moved_in"]
    assert set(met) <= set(sometimes.ALL) | {"change: created"}


def test_counts_who_was_answered_by_another_host_than_they_asked_first() -> None:
    trail = booked(Trail())
    assert not sometimes.met(court(trail), [])[sometimes.OTHER]

    trail.history[0].ports = [8001, 8002]

    assert sometimes.met(court(trail), [])[sometimes.OTHER] == 1


def test_counts_a_defeat_by_the_other_host_where_nobody_else_can_have_won() -> None:
    metrics = ["ticketing_commit_conflicts_total 3\n", "ticketing_commit_conflicts_total 2\n"]

    assert sometimes.met(court(Trail()), metrics)[sometimes.RACE] == 0
    assert sometimes.met(court(Trail()), metrics, race=True)[sometimes.RACE] == 5


def test_counts_pages_that_follow_and_months_in_which_something_was_sold() -> None:
    def sight(revenue: float, *behind: str) -> Sight:
        body = json.dumps([{"revenue": revenue}]).encode()
        return Sight("statistics", "", 1.0, 2.0, 200, body, "", behind)

    met = sometimes.met(court(Trail()), [], [sight(0), sight(5), sight(5, "b1")])

    assert (met[sometimes.PAGED], met[sometimes.COUNTED]) == (1, 2)

"""A booking goes to another event in one step, or nothing happens to either."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import but_head, refused
from tests.api.views.test_bookings import booked
from ticketing.services.verification import verify


@pytest.fixture
def two(till):
    return (
        till.event(capacity=2, costPerTicket=5),
        till.event(date="2024-11-01", capacity=3, costPerTicket=7),
    )


def move(api, booking, event, **headers):
    return api.post(
        f"/api/v1/bookings/{booking['id']}/move", json={"event": event["id"]}, headers=headers
    )


def test_keeps_its_id_and_costs_what_the_other_event_does(api, till, two, db):
    one, other = two
    booking = booked(api, one, "ada", nTickets=2)

    answer = move(api, booking, other)

    assert answer.status_code == 200
    moved = {**but_head(booking), "event": other["id"], "total": 14}
    head = till.show(other)["head"]
    assert answer.json == {**moved, "assigned": [], "assignedCount": 0, "head": head}
    assert api.get(f"/api/v1/bookings/{booking['id']}").json == moved
    figures = [(e["ticketsSold"], e["bookings"], e["revenue"]) for e in map(till.show, two)]
    assert figures == [(0, 0, 0), (2, 1, 14)]
    assert list(verify(db)) == []


def test_gives_what_comes_free_to_whoever_waits(api, two, db):
    one, other = two
    booking, waiting = booked(api, one, "ada", nTickets=2), booked(api, one, "grace")

    answer = move(api, booking, other)

    assert [got["id"] for got in answer.json["assigned"]] == [waiting["id"]]
    assert list(verify(db)) == []


def test_explains_it_in_both_audits(api, two):
    one, other = two
    booking = booked(api, one, "ada")

    move(api, booking, other)

    for event, action in ((one, "moved_out"), (other, "moved_in")):
        (entry,) = api.get(f"/api/v1/events/{event['id']}/audit").json["items"][-1:]
        assert (entry["action"], entry["booking"]) == (action, booking["id"])


@pytest.mark.parametrize(
    ("there", "code"),
    [
        (lambda api, other: booked(api, other, "ada"), "already_booked"),
        (lambda api, other: booked(api, other, "x", nTickets=3), "sold_out"),
        (lambda api, other: booked(api, other, "x", nTickets=2), "not_enough_tickets"),
        (
            lambda api, other: api.post(f"/api/v1/events/{other['id']}/cancellation"),
            "event_cancelled",
        ),
    ],
)
def test_changes_neither_where_the_other_refuses(api, till, two, db, there, code):
    one, other = two
    booking = booked(api, one, "ada", nTickets=2)
    there(api, other)
    before = [till.show(event) for event in two]

    refused(move(api, booking, other), 409, code)

    assert [till.show(event) for event in two] == before
    assert api.get(f"/api/v1/bookings/{booking['id']}").json == but_head(booking)
    assert list(verify(db)) == []


def test_refuses_what_can_not_go_anywhere(api, two):
    one, other = two
    booking, waiting = booked(api, one, "ada", nTickets=2), booked(api, one, "grace")

    refused(move(api, booking, one), 409, "already_booked")
    refused(move(api, waiting, other), 409, "not_confirmed")
    refused(move(api, booking, {"id": "nothing"}), 404, "event_not_found")
    refused(move(api, {"id": "nothing"}, other), 404, "booking_not_found")


def test_moves_once_under_a_key(api, two, db):
    one, other = two
    booking = booked(api, one, "ada")

    first, second = (move(api, booking, other, **{"Idempotency-Key": "k"}) for _ in range(2))

    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert list(verify(db)) == []


def test_loses_nothing_while_others_book_and_move_the_other_way(api, till, db):
    """Bookings that go both ways between two events which are sold meanwhile."""
    one = till.event(capacity=40)
    other = till.event(date="2024-11-01", capacity=40)
    held = [booked(api, event, f"{n}") for n in range(8) for event in ((one, other)[n % 2],)]

    def ask(number):
        if number % 2:
            return till.sell((one, other)[number % 4 // 2]).status_code
        return move(api, held[number // 2], (other, one)[number // 2 % 2]).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, range(16)))

    assert set(statuses) <= {200, 201, 503}
    assert list(verify(db)) == []
    sold = sum(till.show(event)["ticketsSold"] for event in (one, other))
    assert sold == 8 + statuses.count(201)

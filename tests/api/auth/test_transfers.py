"""What customers may have, and how they pass it on: nobody gets what they did not ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.api.auth.accounts.test_users import GALA, KEY, PASSWORD, Person, book
from tests.api.conftest import but_head, refused
from tests.conftest import QUICK
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people
from ticketing.services.verification import verify


@pytest.fixture
def large(admin):
    return admin.ask("POST", "/events", {**GALA, "date": "2044-11-01", "capacity": 100}).json


def offer(giver, booking):
    answer = giver.ask("POST", f"/bookings/{booking['id']}/transfer")
    assert answer.status_code == 201, answer.json
    return answer.json


def accept(receiver, code, **more):
    return receiver.ask("POST", "/transfers", {"code": code, **more})


def test_hands_a_booking_on_by_a_code(person, large, db):
    ada, grace, linus = (person(name) for name in ("ada", "grace", "linus"))
    booking = book(ada, large, nTickets=2).json

    code = offer(ada, booking)

    assert set(code) == {"code", "expiresAt", "head"}
    assert ada.ask("GET", f"/bookings/{booking['id']}").json == but_head(booking), (
        "it stays the giver's"
    )
    answer = accept(grace, code["code"])
    assert (answer.status_code, answer.json["customer"]) == (200, grace.email)
    refused(accept(linus, code["code"]), 410, "offer_gone")
    assert list(verify(db)) == []
    assert code["code"] not in str(list(db.bookings.find())), "only its digest is stored"


def test_takes_an_offer_back(person, large):
    ada, grace = person("ada"), person("grace")
    booking = book(ada, large).json
    code = offer(ada, booking)["code"]

    assert ada.ask("DELETE", f"/bookings/{booking['id']}/transfer").status_code == 200

    refused(accept(grace, code), 410, "offer_gone")


def test_nobody_gets_an_unasked_ticket(person, large):
    """It would be in the way of a booking of their own, and tell who else comes."""
    ada, grace = person("ada"), person("grace")
    booking, hers = book(ada, large).json, book(grace, large).json

    refused(
        ada.ask("POST", f"/bookings/{booking['id']}/transfer", {"to": grace.email}),
        403, "forbidden",
    )  # fmt: skip
    refused(
        ada.ask("POST", f"/bookings/{booking['id']}/transfer", {"to": "nobody@example.org"}),
        403, "forbidden",
    )  # fmt: skip
    refused(
        ada.ask("POST", f"/bookings/{hers['id']}/transfer", {"to": "x"}), 404, "booking_not_found"
    )
    refused(ada.ask("POST", f"/bookings/{hers['id']}/transfer"), 404, "booking_not_found")


def test_keeps_the_answers_of_a_retried_transfer(person, large):
    ada, grace = person("ada"), person("grace")
    booking = book(ada, large).json
    path, key = f"/bookings/{booking['id']}/transfer", {"Idempotency-Key": "k"}

    first, second = (ada.ask("POST", path, **key) for _ in range(2))
    assert first.json == second.json
    got = [grace.ask("POST", "/transfers", {"code": first.json["code"]}, **key) for _ in range(2)]
    assert [answer.status_code for answer in got] == [200, 200]
    assert got[1].headers["Idempotency-Replayed"] == "true"


def test_an_account_can_not_collect_all_tickets(person, large):
    """Ten times book ten and pass them on took a hundred of a hundred."""
    ada, others = person("ada"), [person(f"friend{n}") for n in range(2)]
    booking = book(ada, large, nTickets=10).json

    assert accept(others[0], offer(ada, booking)["code"]).status_code == 200

    refused(book(ada, large), 409, "limit_reached")
    mine = book(others[1], large, nTickets=4).json
    path = f"/bookings/{mine['id']}"
    assert others[1].ask("PATCH", path, {"nTickets": 10}).json["nTickets"] == 10
    refused(others[1].ask("PATCH", path, {"nTickets": 11}), 400, "bad_request")


def test_staff_may_go_beyond_the_limit(staff, large, person):
    answer = book(staff, large, customer="school", nTickets=30)
    assert answer.status_code == 201
    path = f"/bookings/{answer.json['id']}"
    assert staff.ask("PATCH", path, {"nTickets": 31}).json["total"] == 31 * 5
    refused(book(person("ada"), large, nTickets=11), 400, "bad_request")


def test_what_customers_do_themselves_ends_with_the_day(api_at, db):
    late = datetime(2044, 10, 31, 23, 30, tzinfo=UTC)

    def at(moment, timezone="UTC"):
        return api_at(
            lambda: moment, auth="required", secret_keys=(KEY,), timezone=ZoneInfo(timezone)
        )

    client = at(late)
    admin, ada = (
        Person(client, f"{name}@example.org", people.register(
            db, QUICK, f"{name}@example.org", PASSWORD, late, role
        )).sign_in()
        for name, role in (("admin", Role.ADMIN), ("ada", Role.CUSTOMER))
    )  # fmt: skip
    event = admin.ask("POST", "/events", {**GALA, "capacity": 1}).json
    booking = book(ada, event).json
    assert offer(ada, booking)["expiresAt"] == "2044-11-03T23:30:00.000Z", "after 72 hours"
    waiting = book(admin, event, customer="grace").json

    for later in (at(late + timedelta(minutes=31)), at(late, "Asia/Tokyo")):
        admin.api = ada.api = later
        admin.sign_in()
        ada.sign_in()
        refused(book(ada, event), 409, "event_over")
        refused(ada.ask("DELETE", f"/bookings/{booking['id']}"), 409, "event_over")
    freed = admin.ask("DELETE", f"/bookings/{booking['id']}").json
    assert freed["assigned"] == [], "nobody is served any more"
    assert admin.ask("GET", f"/bookings/{waiting['id']}").json["status"] == "waiting"

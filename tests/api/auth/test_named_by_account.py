"""Who is named by the id of an account whose address is not shown yet gets it for the address."""

from __future__ import annotations

import pytest

from tests.api.auth.accounts.test_users import PASSWORD, Person, book
from tests.api.conftest import refused
from tests.domain.builders import decided
from ticketing.domain.commands.bookings import Book
from ticketing.services import commands
from ticketing.services.verification import verify
from ticketing.storage.writes.read_sets import load_read_set

NEW = "New@example.org"


@pytest.fixture
def newcomer(api):
    answer = api.post("/api/v1/users", json={"email": NEW, "password": PASSWORD})
    return Person(api, NEW, answer.json).sign_in()


@pytest.fixture
def id_(newcomer):
    return newcomer.user["id"]


def is_for_the_address(db, booking):
    customer = db.customers.find_one({"_id": booking["customerId"]})
    return (customer["key"], customer["name"]) == ("address:new@example.org", NEW)


def test_a_booking_is_for_the_address_and_the_accounts_once_that_is_shown(
    db, newcomer, id_, staff, event
):
    booking = book(staff, event, customer=id_)
    assert booking.status_code == 201
    assert booking.json["customer"] == NEW
    assert is_for_the_address(db, booking.json)

    staff.ask("PATCH", f"/users/{id_}", {"verified": True})

    mine = newcomer.ask("GET", "/bookings").json["items"]
    assert [each["id"] for each in mine] == [booking.json["id"]]
    assert list(verify(db)) == []


@pytest.mark.parametrize("first", ["address", "id"])
def test_is_one_customer_by_address_and_by_id(db, id_, staff, event, first):
    names = [NEW, id_.upper()] if first == "address" else [id_, NEW]

    assert book(staff, event, customer=names[0]).status_code == 201
    refused(book(staff, event, customer=names[1]), 409, "already_booked")

    assert db.customers.count_documents({"key": {"$regex": "new@|^name:"}}) == 1


def test_one_batch_knows_them_by_both(db, id_, event):
    """Both named in one commit, in which neither is a customer yet."""
    wanted = [Book(f"b{n}", commands.named(name), 1) for n, name in enumerate((id_, NEW))]
    with db.client.start_session() as session:
        before, read_set = load_read_set(db, event["id"], wanted, session)

    decision = decided(before, *wanted, **{
        name: getattr(read_set, name) for name in read_set.__slots__
    })  # fmt: skip

    assert [customer.key for customer in decision.new_customers] == ["address:new@example.org"]
    assert len(decision.writes) == 1


def test_every_search_finds_what_they_have(db, id_, staff, admin, event):
    booking = book(staff, event, customer=NEW).json["id"]

    found = staff.ask("GET", f"/bookings?customer={id_}").json["items"]
    told = staff.ask("GET", f"/events/{event['id']}/audit?customer={id_}").json["items"]

    assert [each["id"] for each in found] == [booking]
    assert [entry["booking"] for entry in told] == [booking]


@pytest.mark.parametrize("place", ["", "/api/events"])
def test_the_briefs_clients_book_and_cancel_for_them(api, db, id_, staff, event, place):
    body = {"event_id": event["id"], "user": id_}
    booked = api.post(f"{place}/book", json=body, headers=staff.bearer)
    assert booked.status_code in (200, 201), booked.json
    (document,) = db.bookings.find({})
    assert is_for_the_address(db, {"customerId": document["customer"]})

    cancelled = api.post(f"{place}/cancel", json=body, headers=staff.bearer)

    assert cancelled.status_code == 200, cancelled.json


def test_staff_passes_a_booking_on_to_them(db, id_, staff, person, event):
    booking = book(person("ada"), event).json["id"]

    passed = staff.ask("POST", f"/bookings/{booking}/transfer", {"to": id_})

    assert passed.status_code == 200, passed.json
    assert is_for_the_address(db, staff.ask("GET", f"/bookings/{booking}").json)


def test_staff_takes_an_offer_for_them(db, id_, staff, person, event):
    ada = person("ada")
    booking = book(ada, event).json["id"]
    code = ada.ask("POST", f"/bookings/{booking}/transfer", {}).json["code"]

    assert staff.ask("POST", "/transfers", {"code": code, "customer": id_}).status_code == 200

    assert is_for_the_address(db, staff.ask("GET", f"/bookings/{booking}").json)


def test_what_looks_like_an_id_and_is_none_is_a_name(staff, event):
    booking = book(staff, event, customer="0123456789abcdef01234567").json

    assert booking["customer"] == "0123456789abcdef01234567"

"""A person can leave: what is kept about them can be had, and then it is gone."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Binary

from tests.api.auth.accounts.test_users import PASSWORD, book
from tests.api.conftest import refused
from ticketing.services.verification import verify
from ticketing.storage import customers
from ticketing.storage.accounts import users


def customer_of(who):
    return who.ask("GET", "/bookings").json["items"][0]["customerId"]


def text_of(value: Any) -> str:
    """All that stands in a value, the text of binary data too."""
    if isinstance(value, dict):
        return " ".join(f"{key} {text_of(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return " ".join(text_of(inner) for inner in value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes | Binary) else str(value)


def found_in(db, *words):
    """In which collections any of these words stands, in any case."""
    return {
        name
        for name in db.list_collection_names()
        for document in db[name].find()
        if any(word.lower() in text_of(document).lower() for word in words)
    }


def history_in(db):
    """All that is stored of events and bookings, but for how often events have been fenced."""
    names = "bookings", "audit", "events"
    return [list(db[name].find(projection={"fences": False})) for name in names]


@pytest.fixture
def lived(admin, staff, person, event):
    """Ada, who has done whatever leaves a trace of her."""
    ada, grace = person("ada"), person("grace")
    key = {"Idempotency-Key": "hers"}
    booking = ada.ask("POST", f"/events/{event['id']}/bookings", {"nTickets": 2}, **key).json
    staff.ask("PATCH", f"/bookings/{booking['id']}", {"nTickets": 3}, **key)
    code = ada.ask("POST", f"/bookings/{booking['id']}/transfer", {}).json["code"]
    grace.ask("POST", "/transfers", {"code": code})
    book(ada, event)
    admin.ask("PATCH", f"/users/{ada.user.id}", {"role": "staff"})
    admin.ask("PATCH", f"/users/{ada.user.id}", {"role": "customer"})
    ada.sign_in()
    return ada


def test_gives_out_all_that_is_kept(lived, staff, event):
    export = lived.ask("GET", f"/customers/{customer_of(lived)}/export")

    assert export.status_code == 200
    assert export.json == staff.ask("GET", f"/customers/{customer_of(lived)}/export").json
    kept = export.json
    assert (kept["customer"]["name"], kept["customer"]["verified"]) == (lived.email, True)
    assert kept["account"]["email"] == lived.email
    assert [entry["action"] for entry in kept["accountAudit"]] == [
        "registered", "changed", "changed",
    ]  # fmt: skip
    assert [booking["event"] for booking in kept["bookings"]] == [event["id"]]
    actions = [entry["action"] for entry in kept["audit"]]
    assert actions == ["booked", "added", "offered", "transferred", "booked"]
    assert {entry["event"] for entry in kept["audit"]} == {event["id"]}


def test_leaves_nothing_of_a_person_and_all_of_the_bookings(lived, admin, db):
    id_ = customer_of(lived)
    assert found_in(db, lived.email) >= {"customers", "users", "idempotency"}
    before = history_in(db)

    assert admin.ask("POST", f"/customers/{id_}/erasure").status_code == 204

    assert found_in(db, lived.email, "ada@", PASSWORD) == set()
    assert history_in(db) == before
    assert list(verify(db)) == []
    refused(admin.ask("GET", f"/customers/{id_}/export"), 404, "customer_not_found")
    refused(admin.ask("POST", f"/customers/{id_}/erasure"), 404, "customer_not_found")


def test_a_key_whose_answer_is_forgotten_does_nothing_again(admin, staff, event, db):
    """Nor for whoever asks something else with it."""
    path, key = f"/events/{event['id']}/bookings", {"Idempotency-Key": "of-leaver"}
    first = staff.ask("POST", path, {"customer": "Leaver One"}, **key)
    assert first.status_code == 201
    assert staff.ask("POST", path, {"customer": "Leaver One"}, **key).data == first.data
    customer = db.customers.find_one({"name": "Leaver One"})["_id"]

    assert admin.ask("POST", f"/customers/{customer}/erasure").status_code == 204

    for name in ("Leaver One", "Somebody Else"):
        refused(staff.ask("POST", path, {"customer": name}, **key), 422, "idempotency_key_reused")
    assert db.bookings.count_documents({"event": event["id"]}) == 1
    assert not list(verify(db))


def test_answers_name_nobody_once_they_have_left(lived, admin, event):
    id_ = customer_of(lived)
    admin.ask("POST", f"/customers/{id_}/erasure")

    (hers,) = [
        b
        for b in admin.ask("GET", f"/bookings?event={event['id']}").json["items"]
        if b["customerId"] == id_
    ]
    assert (hers["customer"], hers["status"]) == (None, "confirmed")
    trail = admin.ask("GET", f"/events/{event['id']}/audit").json["items"]
    assert {e["customer"] for e in trail if e["customerId"] == id_} == {None}


def test_whoever_has_left_is_signed_out_and_may_come_anew(lived, admin, person, db):
    id_ = customer_of(lived)
    admin.ask("POST", f"/customers/{id_}/erasure")

    refused(lived.ask("GET", "/users/me"), 401, "unauthorized")
    again = person("ada")
    assert again.ask("GET", "/bookings").json["items"] == []
    assert customers.find(db, id_).name is None


def test_leaves_the_waiting_lists(lived, admin, person, db):
    small = admin.ask("POST", "/events", {"name": "S", "date": "2044-12-24", "capacity": 1,
                                          "costPerTicket": 1}).json  # fmt: skip
    first = book(person("linus"), small).json
    waiting = book(lived, small).json
    behind = book(person("hedy"), small).json

    admin.ask("POST", f"/customers/{customer_of(lived)}/erasure")

    freed = admin.ask("DELETE", f"/bookings/{first['id']}").json
    assert [got["id"] for got in freed["assigned"]] == [behind["id"]]
    assert admin.ask("GET", f"/bookings/{waiting['id']}").json["status"] == "cancelled"
    assert list(verify(db)) == []


def test_a_customer_leaves_once_nothing_is_ahead(lived, db):
    id_ = customer_of(lived)
    refused(lived.ask("POST", f"/customers/{id_}/erasure"), 409, "bookings_ahead")
    assert users.find(db, lived.user.id).active, "nothing has happened"

    for booking in lived.ask("GET", "/bookings").json["items"]:
        lived.ask("DELETE", f"/bookings/{booking['id']}")

    assert lived.ask("POST", f"/customers/{id_}/erasure").status_code == 204
    assert found_in(db, lived.email) == set()


def test_nobody_erases_or_reads_somebody_else(lived, person, staff, event):
    id_, linus = customer_of(lived), person("linus")
    book(linus, event)

    for path in (f"/customers/{id_}", f"/customers/{id_}/export"):
        refused(linus.ask("GET", path), 404, "customer_not_found")
        assert staff.ask("GET", path).status_code == 200
    refused(linus.ask("POST", f"/customers/{id_}/erasure"), 404, "customer_not_found")
    refused(staff.ask("POST", f"/customers/{id_}/erasure"), 403, "forbidden")


def test_the_last_administrator_stays(admin, event, db):
    book(admin, event, customer=admin.email)
    (customer,) = db.customers.find({"user": admin.user.id})
    someone = f"/customers/{customer['_id']}/erasure"
    for booking in admin.ask("GET", f"/bookings?customer={admin.email}").json["items"]:
        admin.ask("DELETE", f"/bookings/{booking['id']}")

    refused(admin.ask("POST", someone), 409, "last_admin")

    assert admin.ask("GET", "/users/me").status_code == 200

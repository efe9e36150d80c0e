"""A document that somebody has spoilt by hand takes no other along, and is never a crash."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from bson import DatetimeMS, Int64
from bson.raw_bson import RawBSONDocument
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from tests.api.conftest import GALA, refused
from tests.conftest import QUICK, the_settings
from ticketing.app import create_app
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people
from ticketing.services.verification import verify
from ticketing.services.writes.recovery import recover
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.migrations import schema
from ticketing.storage.migrations.runner import migrate

MISSING = object()
ODD = {
    "missing": MISSING,
    "null": None,
    "text": "x",
    "fraction": 1.5,
    "negative": -1,
    "truth": True,
    "huge": Int64(2**63 - 1),
    "list": ["x", 1],
    "document": {"key": 5},
    "no such date": DatetimeMS(2**60),
    "no such day": "2024-13-45",
    "other spelling": "20241031",
    "not text": RawBSONDocument(b"\x10\x00\x00\x00\x02x\x00\x04\x00\x00\x00\xff\xfe\xfd\x00\x00"),
}


@pytest.fixture(scope="module")
def spoilt_db(mongo):
    """A database whose validators somebody has taken away; readers go on."""
    db = mongo["test-spoilt-documents"]
    mongo.drop_database(db.name)
    migrate(db)
    for name in schema.SCHEMA:
        db.command("collMod", name, validator={})
    yield db
    mongo.drop_database(db.name)


@pytest.fixture(scope="module")
def api(mongo, mongodb_uri, spoilt_db):
    """The service, which goes by what it knew of its database before that."""
    settings = the_settings(database=spoilt_db.name, mongodb_uri=mongodb_uri)
    app = create_app(settings, mongo, utc_now, QUICK)
    app.ticketing.fitness.require = lambda **_: None
    return app.test_client()


@pytest.fixture
def sound(api, spoilt_db):
    """Two of everything, of which tests spoil the first: its id by collection."""
    for name in schema.SCHEMA:
        spoilt_db[name].delete_many({})
    first = api.post("/api/v1/events", json={**GALA, "capacity": 2}).json["id"]
    other = api.post("/api/v1/events", json={**GALA, "date": "2024-11-01", "name": "Other"})
    path = f"/api/v1/events/{first}/bookings"
    api.post(path, json={"customer": "ada", "nTickets": 2})
    waiting = [api.post(path, json={"customer": name}).json["id"] for name in ("bob", "eve")]
    moment = datetime.now(UTC)
    found = [
        people.register(spoilt_db, QUICK, f"{name}@example.org", "a long password", moment, role)
        for name, role in (("ada", Role.STAFF), ("bob", Role.CUSTOMER))
    ]
    return {
        "events": first,
        "other": other.json["id"],
        "bookings": waiting[0],
        "behind": waiting[1],
        "users": found[0].id,
        "audit": spoilt_db.audit.find_one({"event": first, "sequence": 2})["_id"],
    }


def spoil(db, collection, id_, field, value):
    change = {"$unset": {field: True}} if value is MISSING else {"$set": {field: value}}
    with suppress(DuplicateKeyError):  # that one MongoDB refuses by itself
        db[collection].update_one({"_id": id_}, change)


def each_spoilt(db, collection, id_, field):
    """Spoil a field in each way, one after the other, all else being as it was."""
    before = {name: list(db[name].find()) for name in schema.SCHEMA}
    quick = WriteConcern(w=1)
    for name, value in ODD.items():
        for other, documents in before.items():
            restored = db.get_collection(other, write_concern=quick)
            restored.delete_many({})
            if documents:
                restored.insert_many(documents)
        spoil(db, collection, id_, field, value)
        yield name


def fields_of(collection):
    validator = schema.SCHEMA[collection].validator
    rules = validator.get("$jsonSchema") or validator["$and"][0]["$jsonSchema"]
    return [name for name in rules["required"] if name != "_id"]


def ask(api, path, method="GET", headers=None, **body):
    answer = api.open(f"/api/v1{path}", method=method, json=body or None, headers=headers)
    assert answer.status_code != 500, (path, answer.text)
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json"
    return answer


@pytest.mark.parametrize("field", fields_of("events"))
def test_a_spoilt_event_takes_no_other_along(api, spoilt_db, sound, field):
    event, other = sound["events"], sound["other"]
    for how in each_spoilt(spoilt_db, "events", event, field):
        listed = ask(api, "/events").json["items"]
        assert other in [item["id"] for item in listed], how
        assert ask(api, f"/events/{other}").status_code == 200
        assert ask(api, "/statistics/monthly").status_code == 200
        for path in ("", "/status", "/waiting-list", "/audit"):
            ask(api, f"/events/{event}{path}")
        ask(api, "/transactions", "POST", event=event, nTickets=1)
        ask(api, f"/events/{event}/bookings", "POST", customer="zoe")
        ask(api, f"/events/{event}", "PATCH", name="New")
        sweep_and_verify(api, spoilt_db)


@pytest.mark.parametrize("field", fields_of("bookings"))
def test_a_spoilt_booking_takes_no_other_along(api, spoilt_db, sound, field):
    event, booking, behind = sound["events"], sound["bookings"], sound["behind"]
    for how in each_spoilt(spoilt_db, "bookings", booking, field):
        assert behind in [item["id"] for item in ask(api, "/bookings").json["items"]], how
        waiting = ask(api, f"/events/{event}/waiting-list").json["items"]
        assert behind in [item["id"] for item in waiting], how
        ask(api, f"/bookings/{booking}")
        ask(api, f"/events/{event}", "PATCH", capacity=3)
        ask(api, f"/bookings/{booking}", "DELETE")
        assert ask(api, f"/events/{event}").status_code == 200
        sweep_and_verify(api, spoilt_db)


@pytest.mark.parametrize("field", fields_of("audit"))
def test_a_spoilt_audit_entry_takes_no_other_along(api, spoilt_db, sound, field):
    event = sound["events"]
    for how in each_spoilt(spoilt_db, "audit", sound["audit"], field):
        listed = ask(api, f"/events/{event}/audit").json["items"]
        assert {1, 3, 4} <= {entry["sequence"] for entry in listed}, how
        ask(api, f"/events/{event}/audit?customer=ada")
        ask(api, "/transactions", "POST", event=event, nTickets=1)
        sweep_and_verify(api, spoilt_db)


@pytest.mark.parametrize("field", fields_of("users"))
def test_a_spoilt_user_takes_no_other_along(api, spoilt_db, sound, field):
    user = sound["users"]
    for how in each_spoilt(spoilt_db, "users", user, field):
        listed = ask(api, "/users").json["items"]
        assert "bob@example.org" in [item["email"] for item in listed], how
        ask(api, f"/users/{user}", "PATCH", role="staff")
        ask(api, "/bookings?customer=ada@example.org")
        answer = api.post("/api/v1/tokens", auth=("ada@example.org", "a long password"))
        assert answer.status_code in (201, 401, 503), how
        sweep_and_verify(api, spoilt_db)


@pytest.mark.parametrize("field", fields_of("idempotency"))
def test_a_spoilt_record_of_a_key_is_no_crash(api, spoilt_db, sound, field):
    def sell(key):
        body = {"event": sound["other"], "nTickets": 1}
        return ask(api, "/transactions", "POST", {"Idempotency-Key": key}, **body)

    assert sell("k1").status_code == 201
    record = spoilt_db.idempotency.find_one()["_id"]
    for how in each_spoilt(spoilt_db, "idempotency", record, field):
        assert sell("k1").status_code in (201, 422, 503), how
        assert sell("k2").status_code == 201, how
        sweep_and_verify(api, spoilt_db)


def sweep_and_verify(api, db):
    """Neither ends with a traceback."""
    list(verify(db))
    recover(db, api.application.ticketing.commands)


def test_says_that_it_can_not_be_read(api, spoilt_db, sound):
    spoil(spoilt_db, "events", sound["events"], "capacity", "many")

    problem = refused(api.get(f"/api/v1/events/{sound['events']}"), 503, "document_unreadable")

    assert "many" not in str(problem)


def test_fills_the_page_though_some_can_not_be_read(api, spoilt_db, sound):
    for day in range(2, 9):
        api.post("/api/v1/events", json={**GALA, "date": f"2024-11-0{day}"})
    spoilt_db.events.update_many({"day": {"$lt": "2024-11-04"}}, {"$set": {"capacity": "many"}})

    first = ask(api, "/events?limit=2").json
    second = ask(api, f"/events?limit=2&cursor={first['next']}").json

    days = [event["date"] for event in first["items"] + second["items"]]
    assert days == ["2024-11-04", "2024-11-05", "2024-11-06", "2024-11-07"]


def test_a_place_in_the_list_is_kept_for_a_booking_that_can_not_be_read(api, spoilt_db, sound):
    spoil(spoilt_db, "bookings", sound["bookings"], "created_at", "yesterday")

    (behind,) = ask(api, f"/events/{sound['events']}/waiting-list").json["items"]

    assert behind["position"] == 2
    assert ask(api, f"/bookings/{sound['behind']}").json["position"] == 2


def test_nobody_overtakes_a_booking_that_can_not_be_read(api, spoilt_db, sound):
    spoil(spoilt_db, "bookings", sound["bookings"], "created_at", "yesterday")

    answer = api.patch(f"/api/v1/events/{sound['events']}", json={"capacity": 3})

    refused(answer, 503, "document_unreadable")
    assert ask(api, f"/bookings/{sound['behind']}").json["status"] == "waiting"


@pytest.mark.parametrize("collection", ["events", "bookings", "audit", "users"])
def test_verify_names_it_and_goes_on(api, spoilt_db, sound, collection):
    field = {"audit": "at", "users": "role"}.get(collection, "created_at")
    spoil(spoilt_db, collection, sound[collection], field, 5)
    spoilt_db.events.update_one({"_id": sound["other"]}, {"$inc": {"revenue": 1}})

    found = list(verify(spoilt_db))

    id_ = repr(sound[collection])
    assert any(id_ in difference and collection in difference for _, difference in found)
    assert any(where == sound["other"] and "revenue" in said for where, said in found)


@pytest.mark.parametrize("spoilt", [{"sold": 99}, {"revenue": -5}, {"day": "20241031"}])
def test_an_event_that_the_validator_forbids_is_no_crash(fresh_db, mongo, mongodb_uri, spoilt):
    """Answered at once: trying again until the time is over would not help."""
    settings = the_settings(database=fresh_db.name, mongodb_uri=mongodb_uri)
    api = create_app(settings, mongo, utc_now, QUICK).test_client()
    event = api.post("/api/v1/events", json=GALA).json["id"]
    rules = schema.SCHEMA["events"].validator
    fresh_db.command("collMod", "events", validator={})
    fresh_db.events.update_one({"_id": event}, {"$set": spoilt})
    fresh_db.command("collMod", "events", validator=rules)

    answer = api.patch(f"/api/v1/events/{event}", json={"name": "New"})

    refused(answer, 503, "document_unreadable")


def test_what_a_validator_refuses_is_no_crash(fresh_db, mongo, mongodb_uri):
    settings = the_settings(database=fresh_db.name, mongodb_uri=mongodb_uri)
    api = create_app(settings, mongo, utc_now, QUICK).test_client()
    event = api.post("/api/v1/events", json=GALA).json["id"]
    fresh_db.command("collMod", "audit", validator={"action": "created"})

    answer = api.patch(f"/api/v1/events/{event}", json={"name": "New"})

    refused(answer, 503, "document_unreadable")
    assert ask(api, f"/events/{event}").json["name"] == GALA["name"]


def test_a_user_whom_the_validator_forbids_is_no_crash(fresh_db, mongo, mongodb_uri):
    """A document that can be read, but that MongoDB lets nobody write as it is."""
    settings = the_settings(database=fresh_db.name, mongodb_uri=mongodb_uri)
    api = create_app(settings, mongo, utc_now, QUICK).test_client()
    user = people.register(fresh_db, QUICK, "a@example.org", "a long password", utc_now())
    rules = schema.SCHEMA["users"].validator
    fresh_db.command("collMod", "users", validator={})
    fresh_db.users.update_one({"_id": user.id}, {"$set": {"leaving": "soon"}})
    fresh_db.command("collMod", "users", validator=rules)

    answer = api.patch(f"/api/v1/users/{user.id}", json={"role": "staff"})

    refused(answer, 503, "document_unreadable")

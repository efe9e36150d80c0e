"""What a hostile or a careless client sends: a clear 4xx, never a 500, and nothing changes."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs

from tests.api.conftest import GALA, refused

JSON = "application/json"


def event_with(**values):
    return json.dumps({**GALA, "date": "2024-12-24", **values})


def event_without(field):
    return json.dumps({k: v for k, v in GALA.items() if k != field})


def raw_event(field, text):
    """An event whose field is this JSON text as it stands."""
    return event_with(**{field: "@"}).replace('"@"', text)


BROKEN = {
    "empty body": "",
    "white space": "   ",
    "half an object": '{"name": "Gala"',
    "trailing comma": '{"name": "Gala",}',
    "single quotes": "{'name': 'Gala'}",
    "two documents": event_with() + event_with(),
    "comment": "{/* hello */}",
    "an array": "[1, 2]",
    "a string": '"Gala"',
    "a number": "5",
    "null": "null",
    "true": "true",
    "not utf-8": b'{"name": "\xff"}',
    "utf-16": event_with().encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + event_with().encode(),
    "overlong utf-8": b'{"name": "\xc0\xaf"}',
    "raw control character": '{"name": "a\nb"}',
    "lone surrogate": raw_event("name", '"\\ud800"'),
    "lone low surrogate": raw_event("name", '"a\\udc00b"'),
    "lone surrogate as a key": '{"\\ud800": 1}',
    "duplicate key": event_with()[:-1] + ', "capacity": 999}',
    "duplicate key within": '{"name": {"a": 1, "a": 2}}',
    "NaN": raw_event("capacity", "NaN"),
    "Infinity": raw_event("capacity", "Infinity"),
    "minus Infinity": raw_event("costPerTicket", "-Infinity"),
    "2000 arrays deep": "[" * 2000 + "]" * 2000,
    "2000 objects deep": '{"a":' * 2000 + "1" + "}" * 2000,
    "33 deep": '{"name":' + "[" * 32 + "]" * 32 + "}",
    "deep and unclosed": '{"name":' + "[" * 5000,
    "an integer of 5000 digits": raw_event("capacity", "9" * 5000),
    "a fraction of 5000 digits": raw_event("costPerTicket", "0." + "1" * 5000),
    "an exponent beyond decimal": raw_event("costPerTicket", "1e" + "9" * 30),
    "leading zero": raw_event("capacity", "010"),
    "hexadecimal": raw_event("capacity", "0x10"),
}

EVENTS = {
    "no name": event_without("name"),
    "no date": event_without("date"),
    "no capacity": event_without("capacity"),
    "no price": event_without("costPerTicket"),
    "null name": event_with(name=None),
    "null date": event_with(date=None),
    "null capacity": event_with(capacity=None),
    "null price": event_with(costPerTicket=None),
    "null venue": event_with(venue=None),
    "unknown field": event_with(colour="red"),
    "operator as a field": event_with(**{"$where": "1"}),
    "own id": event_with(_id="e1"),
    "own figures": event_with(ticketsSold=0),
    "inside spelling": event_with(price=5),
    "empty name": event_with(name=""),
    "blank name": event_with(name=" \u2003 "),
    "name of 201 characters": event_with(name="x" * 201),
    "name with a null": event_with(name="a\x00b"),
    "name with a line feed": event_with(name="a\nb"),
    "name with a C1 control": event_with(name="a\x85b"),
    "name as a number": event_with(name=5),
    "name as an operator": event_with(name={"$gt": ""}),
    "name as a list": event_with(name=["Gala"]),
    "name as a boolean": event_with(name=True),
    "venue of 201 characters": event_with(venue="x" * 201),
    "venue as an object": event_with(venue={}),
    "date as a number": event_with(date=20241031),
    "date as an operator": event_with(date={"$ne": None}),
    "date that does not exist": event_with(date="31/02/2024"),
    "date the American way": event_with(date="12/31/2024"),
    "date with a time": event_with(date="2024-12-24T00:00:00Z"),
    "date with a space": event_with(date="24/12/2024 "),
    "date in Arabic digits": event_with(date="\u0662\u0664/12/2024"),
    "date before 1900": event_with(date="31/12/1899"),
    "date in the year 10000": event_with(date="10000-01-01"),
    "capacity zero": event_with(capacity=0),
    "capacity below zero": event_with(capacity=-1),
    "capacity over a million": event_with(capacity=1_000_001),
    "capacity 2^31": event_with(capacity=2**31),
    "capacity 2^63": event_with(capacity=2**63),
    "capacity 2^65": event_with(capacity=2**65),
    "capacity as a string": event_with(capacity="100"),
    "capacity as a boolean": event_with(capacity=True),
    "capacity as a float": raw_event("capacity", "100.0"),
    "capacity as an exponent": raw_event("capacity", "1e2"),
    "capacity as a list": event_with(capacity=[100]),
    "capacity as an operator": event_with(capacity={"$numberLong": "100"}),
    "price below zero": event_with(costPerTicket=-0.01),
    "price over a million": event_with(costPerTicket=1_000_000.01),
    "price with three decimals": event_with(costPerTicket=0.001),
    "price as a string": event_with(costPerTicket="5"),
    "price as a boolean": event_with(costPerTicket=False),
    "tiny price": raw_event("costPerTicket", "1e-300"),
    "huge price": raw_event("costPerTicket", "1e300"),
}

SALES = {
    "no event": '{"nTickets": 1}',
    "no number": '{"event": "@"}',
    "null event": '{"event": null, "nTickets": 1}',
    "event as a number": '{"event": 1, "nTickets": 1}',
    "event as an operator": '{"event": {"$ne": null}, "nTickets": 1}',
    "event as a list": '{"event": ["@"], "nTickets": 1}',
    "zero tickets": '{"event": "@", "nTickets": 0}',
    "minus one ticket": '{"event": "@", "nTickets": -1}',
    "too many tickets": '{"event": "@", "nTickets": 1000001}',
    "2^65 tickets": '{"event": "@", "nTickets": 36893488147419103232}',
    "null tickets": '{"event": "@", "nTickets": null}',
    "true tickets": '{"event": "@", "nTickets": true}',
    "a float of tickets": '{"event": "@", "nTickets": 1.0}',
    "a string of tickets": '{"event": "@", "nTickets": "1"}',
    "an operator of tickets": '{"event": "@", "nTickets": {"$inc": 1}}',
    "unknown field": '{"event": "@", "nTickets": 1, "price": 0}',
    "other spelling": '{"event": "@", "ntickets": 1}',
}

CHANGES = {
    "nothing": "{}",
    "null name": '{"name": null}',
    "null date": '{"date": null}',
    "null venue": '{"venue": null}',
    "unknown field": '{"name": "Ball", "status": "cancelled"}',
    "sold by hand": '{"ticketsSold": 5}',
    "capacity as an operator": '{"capacity": {"$inc": 5}}',
    "capacity as a float": '{"capacity": 5.5}',
    "bad date": '{"date": "soon"}',
}


def named(table):
    return pytest.mark.parametrize("body", [pytest.param(v, id=k) for k, v in table.items()])


@pytest.fixture
def unchanged(db, till):
    """An event with a sale; afterwards the whole database is as it was."""
    event = till.event(date="2024-10-31")
    till.sold(event, 2)

    def everything():
        return {name: list(db[name].find()) for name in db.list_collection_names()}

    before = everything()
    yield event
    assert everything() == before


@named(BROKEN)
def test_refuses_what_is_not_json(api, unchanged, body):
    refused(api.post("/api/v1/events", data=body, content_type=JSON), 400, "bad_request")


@named(EVENTS)
def test_refuses_what_is_no_event(api, unchanged, body):
    answer = api.post("/api/v1/events", data=body, content_type=JSON)

    problem = refused(answer, 400, "bad_request")

    assert problem["errors"]


@named(SALES)
def test_refuses_what_is_no_sale(api, unchanged, body):
    body = body.replace("@", unchanged["id"])

    refused(api.post("/api/v1/transactions", data=body, content_type=JSON), 400, "bad_request")


@named(CHANGES)
def test_refuses_what_is_no_change(api, unchanged, body):
    url = f"/api/v1/events/{unchanged['id']}"

    refused(api.patch(url, data=body, content_type=JSON), 400, "bad_request")


def test_names_every_faulty_field(api):
    body = json.dumps({"name": "", "date": "soon", "capacity": 0, "costPerTicket": "x", "x": 1})

    problem = refused(api.post("/api/v1/events", data=body, content_type=JSON), 400, "bad_request")

    assert problem["errors"].keys() == {"name", "date", "capacity", "costPerTicket", "x"}


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data",
     "application/json; charset=latin-1", "application/vnd.api+json", ""],
)  # fmt: skip
def test_takes_json_only(api, unchanged, content_type):
    answer = api.post("/api/v1/events", data=event_with(), content_type=content_type)

    refused(answer, 415, "unsupported_media_type")


def test_takes_json_that_says_it_is_utf_8(api):
    answer = api.post(
        "/api/v1/events", data=event_with(name="S\u00e4ule"), content_type=f"{JSON}; charset=UTF-8"
    )

    assert answer.json["name"] == "S\u00e4ule"


def test_takes_a_surrogate_pair_for_the_character_that_it_is(api):
    body = raw_event("name", '"\\ud83c\\udfab"')

    assert api.post("/api/v1/events", data=body, content_type=JSON).json["name"] == "\U0001f3ab"


def test_takes_brackets_in_a_string_for_no_nesting(api):
    body = event_with(name="[" * 100 + '\\"' + "{" * 50)

    assert api.post("/api/v1/events", data=body, content_type=JSON).status_code == 201


def test_takes_no_packed_body(api, unchanged):
    answer = api.post(
        "/api/v1/events", data=event_with(), content_type=JSON, headers={"Content-Encoding": "gzip"}
    )

    refused(answer, 415, "unsupported_media_type")


def test_takes_no_body_of_unknown_length(api, unchanged):
    answer = api.post(
        "/api/v1/events",
        data=event_with(),
        content_type=JSON,
        headers={"Transfer-Encoding": "chunked"},
    )

    refused(answer, 411, "length_required")


def test_takes_a_body_up_to_the_limit_and_not_beyond(api_at):
    api = api_at(max_body_bytes=2000)
    padded = event_with() + " " * (2000 - len(event_with()))

    refused(
        api.post("/api/v1/events", data=padded + " ", content_type=JSON), 413, "content_too_large"
    )
    assert api.post("/api/v1/events", data=padded, content_type=JSON).status_code == 201


def test_knows_no_unknown_route(api):
    refused(api.get("/api/v1/nothing"), 404, "not_found")
    refused(api.post("/nothing"), 404, "not_found")


def test_says_which_methods_a_route_has(api):
    answer = api.put("/api/v1/transactions")

    refused(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_shows_no_stack_trace_when_it_breaks(api_at, monkeypatch):
    api = api_at()
    monkeypatch.setattr("ticketing.storage.events.get", lambda *_: 1 / 0)

    problem = refused(api.get("/api/v1/events/e1"), 500, "internal_server_error")

    assert "ZeroDivision" not in json.dumps(problem)


def test_repeats_no_hostile_text_in_its_answer(api):
    hostile = "<script>alert(1)</script>"
    answer = api.post("/api/v1/events", data=event_with(date=hostile), content_type=JSON)

    assert hostile not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_names_the_request_in_the_line_of_a_crash(api_at, monkeypatch):
    api = api_at()
    monkeypatch.setattr("ticketing.storage.events.get", lambda *_: 1 / 0)

    with capture_logs() as lines:
        answer = api.get("/api/v1/events/e1", headers={"X-Request-ID": "till-7"})

    refused(answer, 500, "internal_server_error")
    assert [line["request_id"] for line in lines if line["event"] == "crash"] == ["till-7"]

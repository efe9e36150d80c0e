"""The actions of the briefs, at both places, with every spelling."""

from __future__ import annotations

import pytest

from tests.api.conftest import each_place, refused_plainly


@pytest.fixture
def at(api):
    """Ask at one of the two places."""

    def ask(place, action, **body):
        return api.post(f"{place}/{action}", json=body)

    return ask


def test_walks_the_first_brief(at, api):
    answer = at("", "initialize", event_name="Tech Conference 2025", available_tickets=1)
    assert answer.status_code == 201
    assert answer.json["error"] is False
    assert answer.json["message"] == "Event created successfully"
    event = answer.json["eventd"]
    assert event == answer.json["eventId"] == answer.json["id"]

    booked = at("", "book", event_id=event, user="ada")
    assert (booked.status_code, booked.json["error"]) == (201, False)
    waiting = at("", "book", event_id=event, user="grace")
    assert (waiting.status_code, waiting.json["data"]["position"]) == (202, 1)
    refused_plainly(at("", "book", event_id=event, user="ada"), 409, "already_booked")

    assert api.get(f"/status/{event}").json == {
        "error": False,
        "message": "Fetched event",
        "data": {
            "name": "Tech Conference 2025",
            "available_tickets": 0,
            "waiting_list_count": 1,
            "bookings_count": 1,
        },
    }
    cancelled = at("", "cancel", event_id=event, user="ada")
    assert cancelled.status_code == 200
    assert cancelled.json == {"error": False, "message": "Booking canceled successfully."}
    refused_plainly(at("", "cancel", event_id=event, user="ada"), 404, "booking_not_found")
    assert api.get(f"/status/{event}").json["data"]["waiting_list_count"] == 0


def test_walks_the_third_brief(at, api):
    place = "/api/events"
    answer = at(place, "initialize", title="Gala", venue="Hall", date="2024-10-31", totalTickets=1)
    assert answer.status_code == 201
    event = answer.json
    assert event == {
        "id": event["id"],
        "title": "Gala",
        "venue": "Hall",
        "date": "2024-10-31",
        "totalTickets": 1,
        "availableTickets": 1,
        "available": 1,
    }

    booked = at(place, "book", eventId=event["id"], userEmail="Ada@Example.org")
    assert (booked.status_code, booked.json["status"]) == (201, "booked")
    assert booked.json["booking"]["customer"] == "Ada@Example.org"
    waiting = at(place, "book", eventId=event["id"], userId=7)
    assert (waiting.status_code, waiting.json["status"]) == (202, "waitlisted")
    assert waiting.json["waiting"]["position"] == 1

    status = api.get(f"{place}/status/{event['id']}").json
    assert (status["bookingsCount"], status["waitingCount"], status["available"]) == (1, 1, 0)

    cancelled = at(place, "cancel", eventId=event["id"], userEmail="ada@example.org").json
    assert cancelled["assignedTo"] == "7"
    assert cancelled["booking"]["id"] == waiting.json["waiting"]["id"]
    assert [b["customer"] for b in cancelled["assigned"]] == ["7"]
    assert at(place, "cancel", eventId=event["id"], userId="7").json == {"freed": True}


@each_place
@pytest.mark.parametrize("name", ["name", "event_name", "title"])
@pytest.mark.parametrize("capacity", ["capacity", "available_tickets", "totalTickets"])
def test_understands_every_spelling_of_a_new_event(at, api, place, name, capacity):
    event = at(place, "initialize", **{name: "Gala", capacity: 3}).json["id"]

    shown = api.get(f"/api/v1/events/{event}").json
    assert (shown["name"], shown["capacity"], shown["costPerTicket"]) == ("Gala", 3, 0)
    assert shown["date"] is None


@each_place
@pytest.mark.parametrize("event_id", ["event_id", "eventId"])
@pytest.mark.parametrize("user", ["user", "userId", "userEmail"])
def test_understands_every_spelling_of_a_booking(at, place, event_id, user):
    event = at("", "initialize", name="Gala", capacity=3).json["id"]

    assert at(place, "book", **{event_id: event, user: "ada", "nTickets": 2}).status_code == 201
    assert at(place, "cancel", **{event_id: event, user: "ada"}).status_code == 200


def test_takes_1_for_the_same_as_its_text(at, api):
    at("", "initialize", name="Gala", capacity=3, id=1)

    assert at("", "book", event_id="1", user=5).status_code == 201
    refused_plainly(at("/api/events", "book", eventId=1, userId="5"), 409, "already_booked")
    assert api.get("/status/1").json["data"]["bookings_count"] == 1
    assert at("", "cancel", event_id=1, eventId="1", user="5").status_code == 200


def test_makes_an_event_anew_until_it_is_booked(at, api, db):
    at("", "initialize", name="Gala", capacity=3, id="demo", date="2024-10-31")

    again = at("/api/events", "initialize", title="Ball", totalTickets=5, id="demo")
    assert (again.status_code, again.json["title"], again.json["date"]) == (201, "Ball", None)
    assert at("", "initialize", name="X", capacity=1, date="2024-10-31").status_code == 201

    at("", "book", event_id="demo", user="ada")
    refused_plainly(at("", "initialize", name="Gala", capacity=3, id="demo"), 409, "event_exists")
    trail = db.audit.find({"event": "demo"}).sort("sequence")
    assert [e["action"] for e in trail] == ["created", "replaced", "booked"]


def test_keeps_one_event_a_day_there_too(at):
    at("", "initialize", name="Gala", capacity=3, date="31/10/2024")

    again = at("/api/events", "initialize", title="Ball", totalTickets=3, date="2024-10-31")

    refused_plainly(again, 409, "date_taken")


@each_place
@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("initialize", {}),
        ("initialize", {"name": "Gala"}),
        ("initialize", {"name": "Gala", "title": "Ball", "capacity": 3}),
        ("initialize", {"name": "Gala", "capacity": 3, "totalTickets": 4}),
        ("initialize", {"name": "Gala", "capacity": "3"}),
        ("initialize", {"name": "Gala", "capacity": 3, "totalTickets": "3.0"}),
        ("initialize", {"name": "Gala", "capacity": True, "totalTickets": 1}),
        ("initialize", {"name": "Gala", "capacity": 3, "id": "a b"}),
        ("initialize", {"name": "Gala", "capacity": 3, "id": ""}),
        ("initialize", {"name": "Gala", "capacity": 3, "id": "x" * 65}),
        ("initialize", {"name": "Gala", "capacity": 3, "id": 1.5}),
        ("initialize", {"name": "Gala", "capacity": 3, "id": True}),
        ("initialize", {"name": "Gala", "capacity": 3, "id": 10**80}),
        ("initialize", {"name": "Gala", "capacity": 3, "id": {"$gt": ""}}),
        ("initialize", {"name": "Gala", "capacity": 3, "colour": "red"}),
        ("initialize", {"name": "Gala", "capacity": 3, "user": "ada"}),
        ("book", {"event_id": "demo"}),
        ("book", {"user": "ada"}),
        ("book", {"event_id": "demo", "eventId": "other", "user": "ada"}),
        ("book", {"event_id": "demo", "user": "ada", "userId": "grace"}),
        ("book", {"event_id": {"$ne": None}, "user": "ada"}),
        ("book", {"event_id": "demo", "user": ["ada"]}),
        ("book", {"event_id": "demo", "user": "ada", "nTickets": 11}),
        ("book", {"event_id": "demo", "user": None}),
        ("cancel", {"event_id": "demo"}),
        ("cancel", {"user": "ada"}),
        ("cancel", {"event_id": "demo", "user": "ada", "nTickets": 1}),
    ],
)
def test_refuses_what_makes_no_sense(at, api, place, action, body):
    at("", "initialize", name="Gala", capacity=3, id="demo")

    refused_plainly(at(place, action, **body), 400, "bad_request")
    assert api.get("/status/demo").json["data"]["bookings_count"] == 0


@each_place
def test_knows_no_unknown_event(at, api, place):
    refused_plainly(at(place, "book", event_id="unknown", user="a"), 404, "event_not_found")
    refused_plainly(at(place, "cancel", event_id="unknown", user="a"), 404, "event_not_found")
    refused_plainly(api.get(f"{place}/status/unknown"), 404, "event_not_found")


def test_does_it_once_under_a_key_and_keeps_its_manner(at, api):
    at("", "initialize", name="Gala", capacity=1, id="demo")
    headers = {"Idempotency-Key": "k1"}
    body = {"event_id": "unknown", "user": "ada"}

    first, second = (api.post("/book", json=body, headers=headers) for _ in range(2))

    assert first.data == second.data
    assert second.headers["Idempotency-Replayed"] == "true"
    refused_plainly(second, 404, "event_not_found")


def test_says_plainly_which_methods_there_are(api):
    answer = api.get("/book")

    refused_plainly(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_takes_the_services_own_words_as_well_but_not_two_of_them(at):
    at("", "initialize", name="Gala", capacity=3, id="demo")

    assert at("", "book", event="demo", customer="ada").status_code == 201
    refused_plainly(at("", "book", event="demo", eventId="x", customer="b"), 400, "bad_request")


@each_place
@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("initialize", {"name": "Gala", "capacity": 3, "totalTickets": "3"}),
        ("initialize", {"name": "5", "title": 5, "capacity": 3}),
        ("initialize", {"name": "Gala", "capacity": 1, "available_tickets": True}),
        ("initialize", {"name": "Gala", "capacity": 3, "totalTickets": None}),
        ("book", {"event_id": 1, "eventId": 2, "user": "ada"}),
        ("book", {"event_id": 1, "eventId": True, "user": "ada"}),
        ("book", {"event_id": 1, "user": 1, "userId": "2"}),
        ("book", {"event_id": 1, "user": "ada", "userEmail": None}),
        ("cancel", {"event_id": 1, "eventId": "01", "user": "ada"}),
    ],
)
def test_refuses_two_values_for_one_thing(at, api, place, action, body):
    at("", "initialize", name="Gala", capacity=3, id=1)

    problem = refused_plainly(at(place, action, **body), 400, "bad_request")

    assert list(problem["errors"].values()) == [["Two values for one thing."]] * 2
    assert api.get("/status/1").json["data"]["bookings_count"] == 0


@each_place
def test_takes_the_same_value_in_several_spellings(at, place):
    twice = {"name": "Gala", "title": "Gala", "capacity": 3, "totalTickets": 3, "id": 7}
    assert at(place, "initialize", **twice).status_code == 201

    twice = {"event_id": 7, "eventId": "7", "event": "7", "user": 5, "userId": "5"}
    assert at(place, "book", **twice).status_code == 201
    assert at(place, "cancel", **twice).status_code == 200


@each_place
@pytest.mark.parametrize("event", [0, -1, 10**39, "x" * 60_000, "", "a/b", "\u0000", "é", "../x"])
def test_knows_no_event_by_an_id_that_makes_no_sense(at, place, event):
    for action in ("book", "cancel"):
        answer = at(place, action, eventId=event, user="ada")
        refused_plainly(answer, 404, "event_not_found")


@each_place
@pytest.mark.parametrize("digits", ["1" * 41, "-" + "1" * 41, "1e5", "1.0"])
def test_takes_no_number_for_an_id_that_is_too_long_or_not_whole(api, place, digits):
    for action in ("book", "cancel"):
        body = f'{{"eventId": {digits}, "user": "ada"}}'
        answer = api.post(f"{place}/{action}", data=body, content_type="application/json")
        refused_plainly(answer, 400, "bad_request")


@each_place
@pytest.mark.parametrize("event", ["unknown", "%00", "x" * 2000, "%ff", "1.5", "$ne"])
def test_shows_no_status_of_an_unknown_event(api, place, event):
    refused_plainly(api.get(f"{place}/status/{event}"), 404, "event_not_found")


@each_place
def test_makes_no_event_anew_that_was_sold_called_off_or_deleted(at, api, place):
    events = ("sold", "off", "gone", "cancelled")
    for event in events:
        assert at(place, "initialize", id=event, title="Gala", totalTickets=3).status_code == 201
    api.post("/api/v1/transactions", json={"event": "sold", "nTickets": 1})
    api.post("/api/v1/events/off/cancellation")
    api.delete("/api/v1/events/gone")
    at(place, "book", eventId="cancelled", user="ada")
    at(place, "cancel", eventId="cancelled", user="ada")

    for event in events:
        again = at(place, "initialize", id=event, title="Ball", totalTickets=9)
        refused_plainly(again, 409, "event_exists")


def test_makes_one_event_under_a_key(api):
    body = {"name": "Gala", "totalTickets": 3, "date": "2025-09-10T10:00:00Z"}
    headers = {"Idempotency-Key": "k1"}

    first, again = (api.post("/initialize", json=body, headers=headers) for _ in range(2))

    assert first.status_code == 201
    assert again.data == first.data
    other = api.post("/initialize", json={**body, "totalTickets": 4}, headers=headers)
    refused_plainly(other, 422, "idempotency_key_reused")

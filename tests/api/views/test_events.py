from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import GALA, refused

BRIEF = {"name": "Charity Auction", "date": "31/10/2024", "capacity": 100, "costPerTicket": 5}


def test_creates_the_event_of_the_brief(api):
    answer = api.post("/api/v1/events", json=BRIEF)

    assert answer.status_code == 201
    event = answer.json
    assert answer.headers["Location"] == f"/api/v1/events/{event['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert event.pop("createdAt").endswith("Z")
    assert event == {
        "id": event["id"],
        "name": "Charity Auction",
        "venue": None,
        "date": "2024-10-31",
        "capacity": 100,
        "costPerTicket": 5,
        "ticketsSold": 0,
        "ticketsAvailable": 100,
        "bookings": 0,
        "waiting": 0,
        "status": "scheduled",
        "revenue": 0,
        "head": event["head"],
    }
    assert api.get(answer.headers["Location"]).json == answer.json


def test_allows_the_same_name_twice_but_not_the_same_day(api, till):
    till.event(name="Gala", date="31/10/2024")
    till.event(name="Gala", date="01/11/2024")

    again = api.post("/api/v1/events", json={**GALA, "name": "Other", "date": "2024-10-31"})

    refused(again, 409, "date_taken")


def test_gives_a_day_to_one_of_two_who_ask_at_once(api_at):
    apis = [api_at() for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda api: api.post("/api/v1/events", json=GALA), apis))

    assert sorted(a.status_code for a in answers) == [201] + [409] * 7
    assert {a.json["code"] for a in answers if a.status_code == 409} == {"date_taken"}


def test_takes_prices_with_two_decimals(till):
    assert till.event(costPerTicket=12.5)["costPerTicket"] == 12.5
    assert till.event(costPerTicket=0, date="2024-11-01")["costPerTicket"] == 0
    assert till.event(costPerTicket=0.1, date="2024-11-02")["costPerTicket"] == 0.1


def test_changes_an_event(till):
    event = till.event()

    answer = till.change(event, name="Ball", date="24/12/2024", costPerTicket=7, venue="Hall")

    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert answer.json["name"] == "Ball"
    assert answer.json["date"] == "2024-12-24"
    assert till.show(event) == answer.json


def test_moves_an_event_only_to_a_free_day_and_frees_the_old_one(till):
    event = till.event(date="2024-10-31")
    other = till.event(date="2024-11-01")

    refused(till.change(event, date="2024-11-01"), 409, "date_taken")
    assert till.change(event, date="2024-11-02").status_code == 200
    assert till.change(other, date="2024-10-31").status_code == 200


def test_keeps_the_capacity_above_what_is_sold(till):
    event = till.event(capacity=10)
    till.sold(event, 4)

    problem = refused(till.change(event, capacity=3), 409, "capacity_below_sold")

    assert problem["ticketsSold"] == 4
    assert till.change(event, capacity=4).json["ticketsAvailable"] == 0


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"0", "1"', "*"])
def test_changes_what_the_caller_saw(till, tag):
    assert till.change(till.event(), {"If-Match": tag}, name="Ball").status_code == 200


@pytest.mark.parametrize(
    "tag", ['"2"', '"x"', "", ",", '""', "W/", '"', "\xff", '"\u00b9"', '"' + "9" * 30 + '"']
)
def test_changes_nothing_that_has_changed_since(till, api, tag):
    event = till.event()

    refused(till.change(event, {"If-Match": tag}, name="Ball"), 412, "stale")
    answer = api.delete(f"/api/v1/events/{event['id']}", headers={"If-Match": tag})
    refused(answer, 412, "stale")
    assert till.show(event) == event


def test_answers_304_to_who_has_the_current_state(api, till):
    url = f"/api/v1/events/{till.event()['id']}"

    assert api.get(url, headers={"If-None-Match": '"1"'}).status_code == 304
    assert api.get(url, headers={"If-None-Match": '"0"'}).status_code == 200


def test_deletes_an_event_for_good(api, till):
    event = till.event()
    url = f"/api/v1/events/{event['id']}"

    answer = api.delete(url)

    assert (answer.status_code, answer.data) == (204, b"")
    for gone in (api.get(url), api.delete(url), till.change(event, name="x"), till.sell(event)):
        refused(gone, 404, "event_not_found")
    assert api.get("/api/v1/events").json["items"] == []
    till.event()  # its day is free


def test_deletes_nothing_that_was_ever_booked(api, till):
    event = till.event()
    till.give_back(till.sold(event))

    refused(api.delete(f"/api/v1/events/{event['id']}"), 409, "event_has_bookings")


def test_keeps_the_trail_of_a_deleted_event(api, till, db):
    event = till.event()
    api.delete(f"/api/v1/events/{event['id']}")

    trail = db.audit.find({"event": event["id"]}).sort("sequence")

    assert [entry["action"] for entry in trail] == ["created", "deleted"]


@pytest.mark.parametrize("id_", ["unknown", "0" * 24, "$where", "a.b", "%00", "x" * 500])
def test_knows_no_unknown_or_malformed_id(api, id_):
    refused(api.get(f"/api/v1/events/{id_}"), 404, "event_not_found")
    refused(api.patch(f"/api/v1/events/{id_}", json={"name": "x"}), 404, "event_not_found")
    refused(api.delete(f"/api/v1/events/{id_}"), 404, "event_not_found")


def test_lists_events_page_by_page(api, till):
    days = [f"2024-10-{day:02}" for day in (9, 3, 5, 7, 1)]
    for day in days:
        till.event(date=day)

    url, seen = "/api/v1/events?limit=2&from=2024-10-02", []
    while url:
        answer = api.get(url)
        seen += [event["date"] for event in answer.json["items"]]
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json["next"] is None)
        url = link and link.removeprefix("<").removesuffix('>; rel="next"')

    assert seen == ["2024-10-03", "2024-10-05", "2024-10-07", "2024-10-09"]


def test_lists_from_and_to_in_both_spellings(api, till):
    for day in ("2024-10-01", "2024-10-02", "2024-10-03"):
        till.event(date=day)

    answer = api.get("/api/v1/events", query_string={"from": "02/10/2024", "to": "2024-10-02"})

    assert [event["date"] for event in answer.json["items"]] == ["2024-10-02"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=ten",
        "limit=1e1",
        "limit=+5",
        "limit=\u0661",
        "limit=",
        "limit=5&limit=5",
        "from=yesterday",
        "to=2024-13-01",
        "cursor=nonsense",
        "cursor=%00",
        "cursor=",
        "cursor=WzEsMl0",
        "cursor=WyIyMDI0LTk5LTk5IiwiYSJd",
        "colour=red",
        "cursor=" + "W" * 3000,
    ],
)
def test_refuses_a_query_that_it_does_not_know(api, query):
    refused(api.get(f"/api/v1/events?{query}"), 400, "bad_request")

"""The five descriptions: their clients work unchanged, and what can't be served is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.api.conftest import each_place, refused, refused_plainly
from tests.api.legacy.brief_clients import CLIENTS, PASSWORD, basic
from tests.conftest import QUICK
from tests.system.server import ROOT
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people


def found(answer, path):
    value = answer.json
    for name in path.split("."):
        value = value[name]
    return value


def play(api, client, signs=None):
    """Send a client's requests and check what it reads; `signs` are the credentials of roles."""
    kept = {}
    for sent in client.requests:
        method, path = sent.request.split(" ")
        body = sent.body
        for name, value in kept.items():
            path = path.replace(f"{{{name}}}", value)
            body = body and body.replace(f"{{{name}}}", value)
        headers = dict(client.headers)
        if signs and sent.role:
            headers["Authorization"] = signs[sent.role]
        elif sent.sign:
            headers["Authorization"] = sent.sign

        answer = api.open(path, method=method, data=body, headers=headers)

        assert answer.status_code == sent.status, (sent, answer.data)
        for where, expected in sent.read.items():
            value = found(answer, where)
            assert type(value) is expected if isinstance(expected, type) else value == expected, (
                sent,
                answer.json,
            )
        kept |= {name: found(answer, where) for name, where in sent.keep.items()}


each_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


@each_client
def test_serves_what_a_client_sends_unchanged_in_open_mode(api, client):
    play(api, client)


@each_client
def test_serves_the_same_client_where_users_sign_in_once_its_people_can(api_at, db, client):
    for email, role in {
        "boss@example.org": Role.ADMIN,
        "till@example.org": Role.STAFF,
        "user1@gmail.com": Role.CUSTOMER,
        "user2@gmail.com": Role.CUSTOMER,
    }.items():
        people.register(db, QUICK, email, PASSWORD, datetime.now(UTC), role)

    signs = {"admin": basic("boss@example.org"), "staff": basic("till@example.org")}
    play(api_at(auth="required"), client, signs)


def test_answers_the_figures_exactly_as_the_assessment_prints_them(api_at):
    api = api_at(lambda: datetime(2024, 9, 30, 12, tzinfo=UTC))
    events = [(day, 100, 25, 40) for day in range(1, 10)] + [(10, 5, 601.5, 2)]
    for day, capacity, cost, sold in events:
        body = {"name": "Gala", "date": f"{day:02}/09/2024", "costPerTicket": cost}
        event = api.post("/api/v1/events", json={**body, "capacity": capacity})
        sale = {"event": event.json["id"], "nTickets": sold}
        assert api.post("/api/v1/transactions", json=sale).status_code == 201

    rows = api.get("/api/v1/statistics/monthly").json

    assert type(rows) is list
    assert rows[0] == {
        "year": 2024,
        "month": 9,
        "revenue": 10203,
        "nEvents": 10,
        "averageTicketsSold": 40,
    }
    months = [(2024, month) for month in range(9, 0, -1)] + [(2023, 12), (2023, 11), (2023, 10)]
    assert [(row["year"], row["month"]) for row in rows] == months
    keys = ["year", "month", "revenue", "nEvents", "averageTicketsSold"]
    assert [list(row) for row in rows] == [keys] * 12
    assert all(list(row.values())[2:] == [0, 0, 0] for row in rows[1:])


# Date-times. Which texts are any is for `tests/domain/test_calendar_money_figures.py`.


@each_place
@pytest.mark.parametrize(
    ("sent", "zone", "day"),
    [
        ("2025-09-10T10:00:00Z", "UTC", "2025-09-10"),
        ("2025-09-10T23:30:00.000Z", "Europe/Berlin", "2025-09-11"),
        ("2025-09-10T02:00:00Z", "America/New_York", "2025-09-09"),
        ("2025-09-10T23:30:00", "Europe/Berlin", "2025-09-10"),
        ("2025-09-10", "Pacific/Kiritimati", "2025-09-10"),
        ("10/09/2025", "Pacific/Kiritimati", "2025-09-10"),
    ],
)
def test_takes_a_date_time_for_the_day_that_it_is_at_the_venue(api_at, place, sent, zone, day):
    api = api_at(timezone=ZoneInfo(zone))

    made = api.post(f"{place}/initialize", json={"name": "Gala", "totalTickets": 3, "date": sent})

    assert made.status_code == 201
    assert api.get(f"/api/v1/events/{made.json['id']}").json["date"] == day


@each_place
@pytest.mark.parametrize(
    "sent",
    [
        "2025-09-10T25:00:00Z",
        "2025-02-30T10:00:00Z",
        "1899-12-31T23:00:00Z",
        "Wed Sep 10 2025 10:00:00 GMT+0000 (Coordinated Universal Time)",
        "tomorrow",
        "",
        None,
        1757498400000,
        True,
        ["2025-09-10T10:00:00Z"],
        {"$date": "2025-09-10T10:00:00Z"},
    ],
)
def test_refuses_what_is_no_date_time(api, place, sent):
    body = {"name": "Gala", "totalTickets": 3, "date": sent}

    problem = refused_plainly(api.post(f"{place}/initialize", json=body), 400, "bad_request")

    assert list(problem["errors"]) == ["date"]
    assert api.get("/api/v1/events").json["items"] == []


def test_takes_no_date_time_on_its_own_routes(api):
    event = {"name": "Gala", "capacity": 3, "costPerTicket": 0}
    made = api.post("/api/v1/events", json={**event, "date": "2025-09-10"}).json["id"]

    moment = {"date": "2025-09-10T10:00:00Z"}
    refused(api.post("/api/v1/events", json={**event, **moment}), 400, "bad_request")
    refused(api.patch(f"/api/v1/events/{made}", json=moment), 400, "bad_request")
    refused(api.get("/api/v1/events?from=2025-09-10T10:00:00Z"), 400, "bad_request")


# What can't be served, as docs/api.md says.


@each_place
def test_refuses_a_second_event_on_the_day_of_two_date_times(api, place):
    def ask(time):
        body = {"title": "V1", "totalTickets": 1, "date": f"2025-09-10T{time}Z"}
        return api.post(f"{place}/initialize", json=body)

    assert ask("10:00:00").status_code == 201
    refused_plainly(ask("20:00:00"), 409, "date_taken")


@each_place
@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=utf-8", None])
@pytest.mark.parametrize("action", ["initialize", "book", "cancel"])
def test_refuses_a_body_that_does_not_say_that_it_is_json(api, place, action, content_type):
    answer = api.post(f"{place}/{action}", data='{"eventId":1}', content_type=content_type)

    refused_plainly(answer, 415, "unsupported_media_type")


@each_place
@pytest.mark.parametrize("action", ["book", "cancel"])
def test_refuses_the_comma_too_many_of_a_printed_example(api, place, action):
    body = '{\n  "event_id": 1,\n}'

    answer = api.post(f"{place}/{action}", data=body, content_type="application/json")

    refused_plainly(answer, 400, "bad_request")


@pytest.mark.parametrize("path", ["/auth/register", "/auth/login", "/events"])
def test_has_no_routes_that_no_description_names(api, path):
    refused(api.post(path, json={}), 404, "not_found")


def test_answers_nothing_that_only_a_service_of_a_brief_has(api):
    made = api.post("/api/events/initialize", json={"name": "Concert", "totalTickets": 100}).json
    body = {"user": "user123", "eventId": made["id"]}
    assert api.post("/api/events/book", json=body).status_code == 201

    cancelled = api.post("/api/events/cancel", json=body).json

    assert made.keys() == {
        "id",
        "title",
        "venue",
        "date",
        "totalTickets",
        "availableTickets",
        "available",
    }
    assert cancelled == {"freed": True}


def test_the_docs_say_what_replaces_each_setting_of_the_briefs():
    text = (ROOT / "docs" / "configuration.md").read_text()
    table = text.partition("## What replaces")[2]
    replaced = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE))

    assert replaced.keys() == {"PORT", "DATABASE_URL", "MONGODB_URI", "JWT_SECRET", "ADMIN_TOKEN"}
    assert "admin:password123" in replaced["ADMIN_TOKEN"]

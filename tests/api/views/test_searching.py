"""Finding bookings by their customers' names, and events by what they are called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.auth.accounts.test_users import PASSWORD, Person
from tests.api.conftest import Till, refused
from tests.api.views.test_bookings import booked, get
from tests.conftest import QUICK
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people

BOOKINGS = "/api/v1/bookings"
EVENTS = "/api/v1/events"
NOON = datetime(2024, 10, 1, 12, tzinfo=UTC)


def names(page):
    return [row.get("customer") or row["name"] for row in page["items"]]


def found(api, event, name, **query):
    return names(get(api, "/bookings", event=event["id"], name=name, **query))


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("zoe", ["Zo\u00eb Smith"]),
        ("SMITH", ["Zo\u00eb Smith", "smith & sons (.*)"]),
        ("(.*", ["smith & sons (.*)"]),
        (".*", ["smith & sons (.*)"]),
        ("^z", []),
        ("$gt", []),
        ("zo\u00eb  smith", ["Zo\u00eb Smith"]),
    ],
)
def test_finds_bookings_by_a_part_of_a_name(till, api, name, who):
    event, other = till.event(), till.event(date="2024-11-01")
    for customer in ("Zo\u00eb Smith", "ada", "smith & sons (.*)"):
        booked(api, event, customer)
    booked(api, other, "Smith")
    till.sold(event)

    assert found(api, event, name) == who


def test_finds_by_a_name_and_a_status_at_once(till, api):
    event = till.event(capacity=1)
    for customer in ("ada one", "ada two", "grace"):
        booked(api, event, customer)

    assert found(api, event, "ada", status="waiting") == ["ada two"]


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("looked_at", [1, 3, 100])
def test_finds_all_in_parts(till, api, monkeypatch, limit, looked_at):
    """However few a request looks at, and wherever the names stand."""
    monkeypatch.setattr("ticketing.storage.documents.MOST_LOOKED_AT", looked_at)
    event = till.event(capacity=20)
    for n in range(11):
        booked(api, event, f"{'ada' if n in (0, 4, 5, 10) else 'grace'} {n}")

    seen, cursor = [], {}
    while True:
        page = get(api, "/bookings", event=event["id"], name="Ada", limit=limit, **cursor)
        seen += names(page)
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert seen == ["ada 0", "ada 4", "ada 5", "ada 10"]


def test_looks_for_a_name_in_one_event_only(api):
    assert "event" in refused(api.get(f"{BOOKINGS}?name=ada"), 400, "bad_request")["errors"]


@pytest.mark.parametrize("path", [f"{BOOKINGS}?event=e1&", f"{EVENTS}?"])
@pytest.mark.parametrize("name", ["", "%20", "%CC%81", "a%00", "x" * 255, "a&name=b"])
def test_refuses_a_name_that_says_nothing(api, path, name):
    assert "name" in refused(api.get(f"{path}name={name}"), 400, "bad_request")["errors"]


def test_searches_by_name_for_staff_only(api_at, db):
    api = api_at(auth="required")
    user = people.register(db, QUICK, "ada@example.org", PASSWORD, NOON, Role.CUSTOMER)
    ada = Person(api, user.email, user)

    refused(api.get(f"{BOOKINGS}?event=e1&name=a", headers=ada.basic), 403, "forbidden")


@pytest.fixture
def calendar(till):
    """Four events, one of them called off; made in another order than that of their days."""
    made = {
        name: till.event(name=name, date=date)
        for name, date in (
            ("Caf\u00e9 concert", "2024-12-03"),
            ("Gala", "2024-12-01"),
            ("Charity Gala", "2024-12-04"),
            ("Ball", "2024-12-02"),
        )
    }
    till.api.post(f"{EVENTS}/{made['Gala']['id']}/cancellation")
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Gala", "Ball", "Caf\u00e9 concert", "Charity Gala"]),
        ({"order": "day"}, ["Gala", "Ball", "Caf\u00e9 concert", "Charity Gala"]),
        ({"order": "created"}, ["Caf\u00e9 concert", "Gala", "Charity Gala", "Ball"]),
        ({"name": "gala"}, ["Gala", "Charity Gala"]),
        ({"name": "CAFE"}, ["Caf\u00e9 concert"]),
        ({"name": "."}, []),
        ({"status": "scheduled"}, ["Ball", "Caf\u00e9 concert", "Charity Gala"]),
        ({"status": "cancelled"}, ["Gala"]),
        ({"name": "gala", "status": "scheduled", "order": "created"}, ["Charity Gala"]),
        (
            {"from": "2024-12-02", "to": "2024-12-03", "order": "created"},
            ["Caf\u00e9 concert", "Ball"],
        ),
    ],
)
@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.usefixtures("calendar")
def test_finds_events(api, query, expected, limit):
    seen, cursor = [], {}
    while True:
        page = get(api, "/events", limit=limit, **query, **cursor)
        seen += names(page)
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert seen == expected


@pytest.mark.parametrize("order", ["day", "created"])
@pytest.mark.parametrize("looked_at", [1, 2])
@pytest.mark.usefixtures("calendar")
def test_finds_all_events_of_a_name_in_parts(api, monkeypatch, order, looked_at):
    monkeypatch.setattr("ticketing.storage.documents.MOST_LOOKED_AT", looked_at)

    test_finds_events(api, {"name": "gala", "order": order}, ["Gala", "Charity Gala"], 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order", "name"),
        ("order", ""),
        ("status", "deleted"),
        ("updatedSince", "now"),
        ("sort", "day"),
    ],
)
def test_refuses_a_question_that_makes_no_sense(api, name, value):
    assert (
        name in refused(api.get(EVENTS, query_string={name: value}), 400, "bad_request")["errors"]
    )


@pytest.mark.parametrize(("order", "other"), [("day", "created"), ("created", "day")])
@pytest.mark.usefixtures("calendar")
def test_takes_no_cursor_of_the_other_order(api, order, other):
    cursor = get(api, "/events", order=order, limit=1)["next"]
    query = {"order": other, "cursor": cursor}

    assert "cursor" in refused(api.get(EVENTS, query_string=query), 400, "bad_request")["errors"]


def test_finds_what_has_changed_since_a_moment(api_at):
    """By a sale, too; and what was decided some seconds before it, which may have come later."""
    now = NOON
    api = api_at(lambda: now)
    till = Till(api)
    events = [till.event(name=f"e{n}", date=f"2024-12-0{n + 1}") for n in range(4)]
    now = NOON + timedelta(minutes=1)
    till.sold(events[0])
    till.change(events[1], name="e1b")
    booked(api, events[2], "ada")

    def since(moment):
        text = moment.isoformat().replace("+00:00", "Z")
        return names(get(api, "/events", updatedSince=text))

    assert since(NOON) == ["e0", "e1b", "e2", "e3"]
    assert since(NOON + timedelta(seconds=13)) == ["e0", "e1b", "e2", "e3"]
    assert since(NOON + timedelta(seconds=14)) == ["e0", "e1b", "e2"]
    assert since(now + timedelta(seconds=13)) == ["e0", "e1b", "e2"]
    assert since(now + timedelta(seconds=14)) == []
    assert names(get(api, "/events", updatedSince="2024-10-02")) == []

"""Lists of bookings: in order, and complete also while others book."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.conftest import Till, refused
from tests.api.views.test_bookings import booked, get
from tests.domain.builders import a_customer, a_sale
from ticketing.api.http.cursors import by_time, encode, place_in
from ticketing.domain.places import EventPosition, Place, Row
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.documents import BOOKINGS

MIDNIGHT = datetime(2024, 10, 1, tzinfo=UTC)


def walk(api, limit, between=lambda page: None, **query):
    """Page to the end; do something with each page before the next is asked for."""
    seen, cursor = [], {}
    while True:
        page = get(api, "/bookings", limit=limit, **query, **cursor)
        seen += [booking["id"] for booking in page["items"]]
        if page["next"] is None:
            return seen
        between(page)
        cursor = {"cursor": page["next"]}


@pytest.fixture
def three(till):
    return [till.event(capacity=500, date=f"2024-10-0{n}") for n in (3, 1, 2)]


@pytest.fixture
def ids_of_many_workers(monkeypatch):
    """Each id comes from another process: later ones are smaller than earlier ones."""
    made = iter(range(10_000, 0, -1))
    monkeypatch.setattr("ticketing.services.commands.new_id", lambda: f"{next(made):024x}")


@pytest.mark.usefixtures("ids_of_many_workers")
@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_lists_bookings_in_the_order_of_time(api, three, limit):
    made = [booked(api, three[n % 3], f"c{n}")["id"] for n in range(7)]

    assert walk(api, limit) == made


@pytest.mark.usefixtures("ids_of_many_workers")
@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_lists_the_bookings_of_an_event_in_the_order_of_its_sequence(api_at, limit):
    """Also where the clock that made the later ones was behind."""
    times = iter(MIDNIGHT - timedelta(seconds=n) for n in range(1000))
    api = api_at(lambda: next(times))
    event = Till(api).event(capacity=4)
    made = [booked(api, event, f"c{n}")["id"] for n in range(7)]

    assert walk(api, limit, event=event["id"]) == made


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_lists_what_was_booked_in_the_same_moment(api_at, limit):
    api = api_at(lambda: MIDNIGHT)
    events = [Till(api).event(date=f"2024-11-{n:02}") for n in range(1, 31)]
    made = [booked(api, event)["id"] for event in events]

    seen = walk(api, limit)

    assert len(seen) == len(made)
    assert set(seen) == set(made)


@pytest.mark.usefixtures("ids_of_many_workers")
@pytest.mark.parametrize("limit", [1, 2, 7])
@pytest.mark.parametrize(
    "query", [{}, {"status": "confirmed"}, {"customer": "ada"}, {"event": True}]
)
def test_lists_what_is_booked_between_two_pages(api, till, limit, query):
    """Whichever event it is for, and whatever its id."""
    events = [till.event(date=f"2024-10-{n:02}", capacity=50) for n in range(1, 14)]
    one = events[0]["id"]
    query = {"event": one} if "event" in query else query
    remaining, made = iter(events[1:]), []

    def some_more(*_):
        for event in (events[0], next(remaining)):
            # The same customer cannot have the first event twice.
            name = "ada" if event is not events[0] or not made else f"c{len(made)}"
            made.append(booked(api, event, name))

    for _ in range(4):
        some_more()

    def until_there_is_nothing_left(_):
        if len(made) < 24:
            some_more()

    seen = walk(api, limit, until_there_is_nothing_left, **query)

    expected = [
        b["id"]
        for b in made
        if query.get("event") in (None, b["event"])
        and query.get("customer") in (None, b["customer"])
    ]
    assert seen == expected


def put(db, event, sequence, made):
    """A booking that has just been committed."""
    row = a_sale(
        id=f"{event}-{sequence}", event=event, sequence=sequence,
        customer=a_customer(f"c{sequence}"), created_at=made,
    )  # fmt: skip
    db.bookings.insert_one(BOOKINGS.encode(row))


def test_lists_a_booking_whose_commit_took_longer_than_that_of_later_ones(api_at, db):
    """It turns up behind the place where the list is already."""
    api = api_at(lambda: MIDNIGHT)
    put(db, "quick", 1, MIDNIGHT - timedelta(seconds=3))
    put(db, "quick", 2, MIDNIGHT - timedelta(seconds=2))
    put(db, "quick", 3, MIDNIGHT - timedelta(seconds=1))

    late = iter([lambda: put(db, "slow", 1, MIDNIGHT - timedelta(seconds=8))])
    seen = walk(api, 1, lambda _: next(late, lambda: None)())

    assert seen == ["quick-1", "slow-1", "quick-2", "quick-3"]


def test_loses_that_booking_without_the_moment_that_is_settled(api_at, db, monkeypatch):
    monkeypatch.setattr(CommandHandler, "settled_before", lambda _: MIDNIGHT)

    with pytest.raises(AssertionError):
        test_lists_a_booking_whose_commit_took_longer_than_that_of_later_ones(api_at, db)


def test_goes_on_behind_a_booking_that_was_moved(api, three):
    """It is in front of one that was in its event before it."""
    moved, other = booked(api, three[0], "ada"), booked(api, three[1], "grace")
    gone = api.post(f"/api/v1/bookings/{moved['id']}/move", json={"event": three[1]["id"]})
    assert gone.status_code == 200

    assert walk(api, 1) == [moved["id"], other["id"]]


def test_goes_on_behind_what_a_host_with_a_slower_clock_has_booked(api_at):
    times = [MIDNIGHT]
    api = api_at(lambda: times[-1])
    event = Till(api).event(capacity=500)
    made = []
    for behind in (0, 2, 1, 3):
        times.append(MIDNIGHT - timedelta(seconds=behind))
        made.append(booked(api, event, f"c{behind}")["id"])
    times.append(MIDNIGHT)

    for limit in (1, 2, 3):
        assert walk(api, limit) == [made[n] for n in (3, 1, 2, 0)]


def test_writes_and_reads_a_place_to_the_millisecond():
    """Times are stored so; only a place itself may be in between."""
    row = Row(MIDNIGHT + timedelta(seconds=1), "a", 2)
    place = Place(Row(MIDNIGHT + timedelta(microseconds=700), "", 0), (EventPosition(row, 5),))

    read = place_in(encode(*by_time(place)))

    assert read == Place(Row(MIDNIGHT, "", 0), (EventPosition(row, 5),))
    assert place_in(encode(0, "", 0, "a:5:1000")).positions[0].last.sequence == 5


@pytest.fixture
def uneven_commits(mongo):
    """Three of ten commits take much longer than the others."""
    mongo.admin.command(
        {
            "configureFailPoint": "failCommand",
            "mode": {"activationProbability": 0.3},
            "data": {
                "failCommands": ["commitTransaction"],
                "blockConnection": True,
                "blockTimeMS": 300,
            },
        }
    )
    yield
    mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})


@pytest.mark.usefixtures("uneven_commits")
@pytest.mark.parametrize("by_event", [True, False])
def test_loses_nothing_that_was_acknowledged_while_others_book(api_at, three, by_event):
    """Whoever pages sees all that was acknowledged before they asked for the last page."""
    acknowledged = []

    def write(number):
        api = api_at()
        for n in range(25):
            acknowledged.append(booked(api, three[number], f"w{number}-{n}"))

    def read(api):
        before_the_last_page, query = list(acknowledged), {}
        if by_event:
            query = {"event": three[0]["id"]}

        def remember(_):
            before_the_last_page[:] = acknowledged

        seen = walk(api, 1, remember, **query)
        assert len(seen) == len(set(seen))
        expected = {b["id"] for b in before_the_last_page if query in ({}, {"event": b["event"]})}
        assert expected <= set(seen)
        return len(seen)

    api = api_at()
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        while not all(writer.done() for writer in writers):
            read(api)
        for writer in writers:
            writer.result()
    assert read(api) == (25 if by_event else 75)


@pytest.mark.parametrize(
    "cursor",
    [
        [1],  # of one event's list
        [0, "a", 1],
        [0, "a b", 1, ""],
        [0, "a", -1, ""],
        [0, "a", 2**63, ""],
        [10**20, "a", 1, ""],
        [-(10**17), "a", 1, ""],
        [0, "a", 1, "x"],
        [0, "a", 1, "e1:1:1,"],
        [0, "a", 1, "e1:1:-1"],
        [253402300799999, "a", 1, "e1:1:999999999999"],
        ["0", "a", 1, ""],
        [True, "a", 1, ""],
        [0.5, "a", 1, ""],
        [0, "\ud800", 1, ""],
        [0, "a", 1, "\ud800"],
        [0, None, 1, ""],
    ],
)
def test_refuses_a_place_that_no_list_was_at(api, cursor):
    text = base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode().rstrip("=")

    refused(api.get("/api/v1/bookings", query_string={"cursor": text}), 400, "bad_request")

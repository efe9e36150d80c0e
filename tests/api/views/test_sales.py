"""The counter's list and its evening: what was sold, by whom, and what came back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.auth.accounts.test_users import PASSWORD, Person
from tests.api.conftest import Till, refused
from tests.conftest import QUICK
from tests.services.clocks import Clock
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people

SALES = "/api/v1/transactions"
NOON = datetime(2024, 10, 1, 12, tzinfo=UTC)
NOTHING = {"transactions": 0, "nTickets": 0, "total": 0}


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest.fixture
def till(api_at, clock):
    return Till(api_at(clock))


def listed(api, **query):
    answer = api.get(SALES, query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def ids(sales):
    return [sale["id"] for sale in sales]


def evening(api, **query):
    answer = api.get(f"{SALES}/summary", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def tally(sales, tickets, total):
    return {"transactions": sales, "nTickets": tickets, "total": total}


def test_lists_sales_as_each_is_shown(till):
    event = till.event()
    first, second = till.sold(event, 2), till.sold(event)
    till.give_back(first)

    shown = listed(till.api)

    assert shown == [till.api.get(f"{SALES}/{sale['id']}").json for sale in (first, second)]
    assert (shown[0]["status"], shown[0]["reason"]) == ("cancelled", "staff")
    assert (shown[0]["actor"], shown[0]["cancelledBy"]) == ("open", "open")
    assert "cancelledBy" not in shown[1]


def test_lists_no_customers_booking(till):
    event = till.event()
    till.api.post(f"/api/v1/events/{event['id']}/bookings", json={"customer": "ada"})

    assert listed(till.api) == listed(till.api, event=event["id"]) == []


def test_lists_the_sales_of_an_event_or_a_status(till, clock):
    one, two = till.event(), till.event(date="2024-11-01")
    sales = []
    for event in (one, two, one):
        clock.now += timedelta(seconds=1)
        sales.append(till.sold(event))
    till.give_back(sales[0])

    assert ids(listed(till.api, event=one["id"])) == [sales[0]["id"], sales[2]["id"]]
    assert ids(listed(till.api, status="confirmed")) == ids(sales[1:])
    assert ids(listed(till.api, status="cancelled")) == [sales[0]["id"]]
    assert ids(listed(till.api, event=one["id"], status="confirmed")) == [sales[2]["id"]]
    assert listed(till.api, event="unknown") == []


@pytest.mark.parametrize("by_event", [True, False])
def test_lists_the_sales_of_a_time(till, clock, by_event):
    event = till.event()
    sold = []
    for hours in range(4):
        clock.now = NOON + timedelta(hours=hours)
        sold.append(till.sold(event)["id"])
    query = {"event": event["id"]} if by_event else {}

    since = listed(till.api, **{"from": "2024-10-01T13:00:00Z"}, **query)
    until = listed(till.api, to="2024-10-01T14:00:00.000Z", **query)
    between = listed(
        till.api, **{"from": "2024-10-01T15:00:00+02:00"}, to="2024-10-01T13:00:00.001Z", **query
    )

    assert ids(since) == sold[1:]
    assert ids(until) == sold[:2]
    assert ids(between) == [sold[1]]


def test_takes_a_day_for_all_of_it_at_the_venue(api_at, clock):
    """In Madrid it is UTC + 2 on the first of these days and UTC + 1 on the last."""
    till = Till(api_at(clock, timezone=ZoneInfo("Europe/Madrid")))
    event = till.event()
    moments = [
        datetime(2024, 10, 26, 21, 59, 59, 999_000, UTC),
        datetime(2024, 10, 26, 22, tzinfo=UTC),
        datetime(2024, 10, 27, 22, 59, 59, 999_000, UTC),
        datetime(2024, 10, 27, 23, tzinfo=UTC),
    ]
    sold = []
    for moment in moments:
        clock.now = moment
        sold.append(till.sold(event)["id"])

    the_day = {"from": "2024-10-27", "to": "27/10/2024"}
    assert ids(listed(till.api, **the_day)) == sold[1:3]
    assert ids(listed(till.api, **the_day, event=event["id"])) == sold[1:3]
    assert ids(listed(till.api, **{"from": "2024-10-28"})) == sold[3:]
    assert ids(listed(till.api, **{"from": "2024-10-28T00:00"})) == sold[3:]
    assert ids(listed(till.api, to="9999-12-31", limit=2)) == sold[:2]
    assert evening(till.api, day="2024-10-27")["totals"]["sold"]["transactions"] == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "yesterday"),
        ("from", "2024-02-30"),
        ("to", ""),
        ("to", "2024-10-01T25:00:00Z"),
        ("from", "2024-10-01T10:00:00 02:00"),
        ("from", "2024-10-01T10:00.5Z"),
        ("from", "1899-12-31T00:00:00Z"),
        ("to", "9999-12-31T23:00:00-02:00"),
        ("from", "0001-01-01T00:00:00+02:00"),
        ("status", "waiting"),
        ("status", ""),
        ("limit", "0"),
        ("cursor", "x"),
        ("customer", "ada"),
    ],
)
def test_refuses_a_question_that_makes_no_sense(api, name, value):
    assert name in refused(api.get(SALES, query_string={name: value}), 400, "bad_request")["errors"]


@pytest.mark.parametrize(
    ("name", "value"), [("day", ""), ("day", "2024-10-01T10:00:00Z"), ("date", "2024-10-01")]
)
def test_refuses_an_evening_that_there_is_not(api, name, value):
    answer = api.get(f"{SALES}/summary", query_string={name: value})

    assert name in refused(answer, 400, "bad_request")["errors"]


@pytest.mark.parametrize("path", [SALES, f"{SALES}/summary"])
def test_refuses_a_question_that_is_asked_twice(api, path):
    refused(api.get(f"{path}?event=a&event=b"), 400, "bad_request")


@pytest.fixture
def office(api_at, db, clock):
    """Two tills and an administrator, each signed in, and who they are."""
    api = api_at(clock, auth="required")

    def sign_in(name, role):
        user = people.register(db, QUICK, f"{name}@example.org", PASSWORD, clock(), role)
        return Person(api, user.email, user)

    sal, robin = (sign_in(name, Role.STAFF) for name in ("sal", "robin"))
    return api, sal, robin, sign_in("grace", Role.ADMIN), sign_in("ada", Role.CUSTOMER)


def sell(api, person, event, tickets=1):
    body = {"event": event, "nTickets": tickets}
    answer = api.post(SALES, json=body, headers=person.basic)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


@pytest.fixture
def an_evening(office):
    """Sal sells twice, Robin once, and Robin takes back what Sal sold first; who, and the sales."""
    api, sal, robin, grace, _ = office
    new = {"name": "Gala", "date": "2024-10-31", "capacity": 100, "costPerTicket": 5}
    event = api.post("/api/v1/events", json=new, headers=grace.basic).json["id"]
    sold = [sell(api, sal, event, 2), sell(api, robin, event, 3), sell(api, sal, event)]
    assert api.delete(f"{SALES}/{sold[0]}", headers=robin.basic).status_code == 200
    return event, sold


def test_says_who_sold_and_who_took_it_back(office, an_evening):
    api, sal, robin, *_ = office
    _, sold = an_evening

    def of(person, **query):
        answer = api.get(
            SALES, query_string={"actor": person.user.id, **query}, headers=sal.basic
        ).json
        return ids(answer["items"])

    assert of(sal) == [sold[0], sold[2]]
    assert of(sal, status="confirmed") == [sold[2]]
    assert of(sal, event=an_evening[0], status="cancelled") == [sold[0]]
    assert of(robin) == [sold[1]]
    first = api.get(f"{SALES}/{sold[0]}", headers=robin.basic).json
    assert (first["actor"], first["cancelledBy"]) == (sal.user.id, robin.user.id)


def test_adds_up_the_evening_of_each_till(office, an_evening):
    api, sal, robin, *_ = office
    event, _ = an_evening

    answer = api.get(f"{SALES}/summary", headers=sal.basic)

    rows = {
        sal.user.id: (tally(2, 3, 15), NOTHING, 15),
        robin.user.id: (tally(1, 3, 15), tally(1, 2, 10), 5),
    }
    assert answer.json == {
        "day": "2024-10-01",
        "event": None,
        "items": [
            {"actor": actor, "sold": sold, "returned": returned, "calledOff": NOTHING, "net": net}
            for actor, (sold, returned, net) in sorted(rows.items())
        ],
        "totals": {
            "sold": tally(3, 6, 30), "returned": tally(1, 2, 10), "calledOff": NOTHING, "net": 20
        },
    }  # fmt: skip
    of_event = api.get(f"{SALES}/summary?event={event}", headers=sal.basic).json
    assert of_event == {**answer.json, "event": event}
    nothing = api.get(f"{SALES}/summary?event=other", headers=sal.basic).json
    assert (nothing["items"], nothing["totals"]["net"]) == ([], 0)


def test_counts_what_comes_back_on_the_day_on_which_it_comes_back(till, clock):
    sale = till.sold(till.event(), 2)
    clock.now = NOON + timedelta(days=1)
    till.give_back(sale)

    assert evening(till.api, day="2024-10-01")["totals"] == {
        "sold": tally(1, 2, 10), "returned": NOTHING, "calledOff": NOTHING, "net": 10
    }  # fmt: skip
    assert evening(till.api)["totals"] == {
        "sold": NOTHING, "returned": tally(1, 2, 10), "calledOff": NOTHING, "net": -10
    }  # fmt: skip
    clock.now += timedelta(days=1)
    assert evening(till.api)["items"] == []


def test_counts_a_calling_off_as_no_money_that_was_given_back(till):
    """It is owed, and paid back when somebody comes for it."""
    event = till.event()
    till.sold(event, 3)
    till.api.post(f"/api/v1/events/{event['id']}/cancellation")

    totals = evening(till.api)["totals"]

    assert (totals["sold"], totals["returned"]) == (tally(1, 3, 15), NOTHING)
    assert (totals["calledOff"], totals["net"]) == (tally(1, 3, 15), 15)


def test_is_for_staff(office):
    api, _, _, _, ada = office
    for path in (SALES, f"{SALES}/summary"):
        refused(api.get(path, headers=ada.basic), 403, "forbidden")
        refused(api.get(path), 401, "unauthorized")


days = st.integers(0, 2)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), days, st.integers(0, 1), st.integers(1, 4)),
        st.tuples(st.just("give back"), days, st.integers(0, 5)),
        st.tuples(st.just("book"), days, st.integers(0, 1)),
        st.tuples(st.just("reprice"), days, st.integers(0, 1), st.integers(0, 9)),
        st.tuples(st.just("call off"), days, st.integers(0, 1)),
    ),
    max_size=25,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=operations)
def test_the_evenings_add_up_to_what_the_events_have_brought(api_at, db, asked):
    """All days together: sold less given back less called off is the revenue of the counter."""
    for name in ("events", "bookings", "audit"):
        db[name].delete_many({})
    clock = Clock(NOON)
    till = Till(api_at(clock))
    events = [till.event(date=f"2024-12-0{n}", capacity=20) for n in (1, 2)]
    sold = []
    # Days in order, as a clock has it.
    for what, day, *rest in sorted(asked, key=lambda each: each[1]):
        clock.now = NOON + timedelta(days=day)
        if what == "sell":
            answer = till.sell(events[rest[0]], rest[1])
            sold += [answer.json] if answer.status_code == 201 else []
        elif what == "give back" and sold:
            assert till.give_back(sold[rest[0] % len(sold)]).status_code == 200
        elif what == "book":
            path = f"/api/v1/events/{events[rest[0]]['id']}/bookings"
            till.api.post(path, json={"customer": f"c{day}", "nTickets": 3})
        elif what == "reprice":
            till.change(events[rest[0]], costPerTicket=rest[1])
        elif what == "call off":
            till.api.post(f"/api/v1/events/{events[rest[0]]['id']}/cancellation")

    for event in events:
        totals = [
            evening(till.api, day=f"2024-10-0{day + 1}", event=event["id"])["totals"]
            for day in range(3)
        ]
        net = sum(each["net"] - each["calledOff"]["total"] for each in totals)
        booked = till.api.get("/api/v1/bookings", query_string={"event": event["id"]}).json["items"]
        of_customers = sum(b["total"] or 0 for b in booked if b["status"] == "confirmed")
        assert net == till.show(event)["revenue"] - of_customers
        tickets = sum(
            each["sold"]["nTickets"] - each["returned"]["nTickets"] - each["calledOff"]["nTickets"]
            for each in totals
        )
        confirmed = listed(till.api, event=event["id"], status="confirmed")
        assert tickets == sum(sale["nTickets"] for sale in confirmed)

"""What `/metrics` tells, and whom."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import time, timedelta

import limits
import pytest
from bson import ObjectId

from tests.api.auth.accounts.test_users import PASSWORD, Person
from tests.api.conftest import GALA, Till, refused
from tests.conftest import QUICK, the_settings
from tests.system.waiting import eventually
from ticketing.app import create_app
from ticketing.domain.identity.users import Role
from ticketing.server.mongod import free_port
from ticketing.services.accounts import users as people
from ticketing.services.writes import transaction
from ticketing.storage.background import verification_runs
from ticketing.storage.driver.clients import connect
from ticketing.storage.driver.pool import PoolWatch
from ticketing.storage.driver.units_of_work import utc_now

KEY = "a-key-that-only-Prometheus-knows-of"
SCRAPER = {"Authorization": f"Bearer {KEY}"}
SALES = "/api/v1/transactions"


def told(api, headers=None):
    """Each series and its value."""
    answer = api.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {series: float(value) for series, value in (line.rsplit(" ", 1) for line in lines)}


def of_route(route, method, status):
    return f'ticketing_requests_total{{method="{method}",route="{route}",status="{status}"}}'


def test_counts_what_is_sold_booked_and_refused(till, api):
    event = till.event(capacity=5)
    till.give_back(till.sold(event, 3))
    till.sold(event, 4)
    for customer in ("ada", "grace"):
        api.post(f"/api/v1/events/{event['id']}/bookings", json={"customer": customer})
    refused(till.sell(event), 409, "sold_out")

    found = told(api)

    changes = {
        action: found[f'ticketing_changes_total{{action="{action}"}}']
        for action in ("created", "sold", "returned", "booked", "waitlisted")
    }
    assert changes == {"created": 1, "sold": 2, "returned": 1, "booked": 1, "waitlisted": 1}
    assert found['ticketing_tickets_total{action="sold"}'] == 7
    assert found['ticketing_tickets_total{action="returned"}'] == 3
    assert found['ticketing_tickets_total{action="created"}'] == 0
    assert found['ticketing_refusals_total{code="sold_out"}'] == 1
    assert found[of_route(SALES, "POST", 201)] == 2
    assert found[of_route(SALES, "POST", 409)] == 1
    assert found[f'ticketing_request_seconds_count{{method="POST",route="{SALES}"}}'] == 3
    assert found["ticketing_group_commands_count"] == found["ticketing_group_commands_sum"] == 7
    assert found['ticketing_commit_seconds_count{outcome="committed"}'] == 7
    assert found["ticketing_commands_in_commit"] == 0
    assert (found["ticketing_waiting_bookings"], found["ticketing_awaited_events"]) == (1, 1)


def test_counts_a_conflict(till, api, monkeypatch):
    """Somebody else changes the event between the read and the write of a commit."""
    event = till.event()
    db = api.application.ticketing.db
    original, defeats = transaction.decide, iter([True])

    def interrupted(*args):
        if next(defeats, False):
            db.events.update_one({"_id": event["id"]}, {"$inc": {"sequence": 0}, "$set": {"x": 1}})
        return original(*args)

    monkeypatch.setattr(transaction, "decide", interrupted)
    till.sold(event)

    found = told(api)
    assert found["ticketing_commit_conflicts_total"] == 1
    assert found['ticketing_commit_seconds_count{outcome="failed"}'] == 1
    assert found['ticketing_commit_seconds_count{outcome="committed"}'] == 2


def test_makes_no_series_of_what_anybody_may_send(api):
    for n in range(3):
        api.get(f"/nothing/{n}")
        api.open("/api/v1/events", method=f"ODD{n}")
        api.get(f"/api/v1/events/none-{n}")

    found = told(api)

    assert found[of_route("none", "GET", 404)] == 3
    assert found[of_route("/api/v1/events/<id>", "GET", 404)] == 3
    assert sum(v for k, v in found.items() if 'method="other"' in k and "_requests_" in k) == 3
    assert not [series for series in found if re.search("ODD|none-", series)]


@pytest.fixture
def office(api_at, db):
    """The service with a key for Prometheus, and what staff and a customer send."""
    api = api_at(auth="required", metrics_key=KEY)

    def sign_in(name, role):
        user = people.register(db, QUICK, f"{name}@example.org", PASSWORD, utc_now(), role)
        return Person(api, user.email, user).basic

    return api, sign_in("sal", Role.STAFF), sign_in("ada", Role.CUSTOMER)


def test_is_for_staff_and_for_who_has_the_key(office):
    api, staff, customer = office

    refused(api.get("/metrics"), 401, "unauthorized")
    refused(api.get("/metrics", headers=customer), 403, "forbidden")
    for wrong in (KEY[:-1], KEY + "x", KEY.upper(), "\u00e9" * 40):
        header = {"Authorization": f"Bearer {wrong}".encode().decode("latin-1")}
        refused(api.get("/metrics", headers=header), 401, "unauthorized")
    assert told(api, staff)
    assert told(api, SCRAPER)


def test_lets_nobody_in_by_that_key_elsewhere(office):
    api, *_ = office

    for path in ("/api/v1/events", SALES, "/api/v1/users/me", "/api/v1/statistics/monthly"):
        refused(api.get(path, headers=SCRAPER), 401, "unauthorized")


def test_lets_nobody_in_by_a_key_that_is_not_set(api_at):
    api = api_at(auth="required")

    refused(api.get("/metrics", headers={"Authorization": "Bearer None"}), 401, "unauthorized")
    refused(api.get("/metrics", headers=SCRAPER), 401, "unauthorized")


def test_counts_prometheus_for_no_limit(api_at):
    rates = {"reads": limits.parse("1 per minute")}
    api = api_at(auth="required", metrics_key=KEY, rates=rates)

    for _ in range(3):
        assert told(api, SCRAPER)


def test_answers_while_mongodb_is_away():
    uri = f"mongodb://127.0.0.1:{free_port()}/?replicaSet=none"
    settings = the_settings(
        request_timeout_s=0.05, metrics_key=KEY, rates={"writes": limits.parse("9 per minute")}
    )
    with connect(uri, appname="tests", timeout_s=0.05) as client:
        api = create_app(settings, client, passwords=QUICK).test_client()
        assert api.post(SALES, json={}).status_code == 503
        found = told(api, SCRAPER)

    assert found['ticketing_refusals_total{code="database_unavailable"}'] == 1
    assert found['ticketing_limits_counted_alone_total{policy="writes"}'] == 1
    assert "ticketing_waiting_bookings" not in found


def test_counts_connections_to_mongodb(mongodb_uri):
    with connect(mongodb_uri, appname="tests") as client:
        pool = PoolWatch(client)
        assert pool.open == pool.in_use == 0
        with client.start_session() as session, session.start_transaction():
            list(client.test.events.find({}, batch_size=1, session=session))
        with ThreadPoolExecutor(3) as threads:
            slow = {"$where": "sleep(300) || true"}
            client.test.one.insert_one({"_id": ObjectId()})
            asked = [threads.submit(client.test.one.find_one, slow) for _ in range(3)]
            eventually(lambda: pool.in_use == 3, "three are in use")
            assert pool.open >= 3
            for each in asked:
                each.result()
        assert pool.in_use == 0
    assert pool.open == 0


def test_tells_of_one_application_what_it_has_done_alone(api_at):
    """Two in one process don't count for each other."""
    one, other = api_at(), api_at()
    Till(one).event(**GALA)

    assert told(other)['ticketing_changes_total{action="created"}'] == 0


@pytest.mark.parametrize(
    "series",
    [
        'ticketing_refusals_total{code="internal_server_error"}',
        'ticketing_refusals_total{code="outcome_unknown"}',
        'ticketing_changes_total{action="sold"}',
        'ticketing_tickets_total{action="sold"}',
        'ticketing_limits_counted_alone_total{policy="writes"}',
        "ticketing_group_splits_total",
    ],
)
def test_begins_at_zero_so_that_the_first_is_an_increase(api_at, series):
    """Prometheus takes a series that begins at one for one that was at one all the time."""
    api = api_at(rates={"writes": limits.parse("9 per minute")})

    assert told(api)[series] == 0


def test_tells_of_the_nightly_verification_where_there_is_one(api_at, db):
    names = {"ticketing_verification_timestamp_seconds", "ticketing_verification_differences"}
    nightly = api_at(verify_at=time(3, 30))
    assert not told(nightly).keys() & names

    since = utc_now() - timedelta(days=3)
    verification_runs.expect(db, since, "events")
    found = told(nightly)
    assert [found[name] for name in sorted(names)] == [0, pytest.approx(since.timestamp(), abs=1)]

    run = verification_runs.begin(db, since, "events")
    verification_runs.end(db, replace(run, differences=3), ended := utc_now())
    found = told(nightly)
    assert [found[name] for name in sorted(names)] == [3, pytest.approx(ended.timestamp(), abs=1)]
    assert not told(api_at()).keys() & names

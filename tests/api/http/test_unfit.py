"""On a database that is not as it should be nothing is changed, and everybody is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import GALA, refused
from tests.conftest import QUICK, the_settings
from ticketing.app import create_app
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.migrations.runner import migrate

CHANGES = [
    ("POST", "/api/v1/events", GALA),
    ("PATCH", "/api/v1/events/e1", {"capacity": 5}),
    ("DELETE", "/api/v1/events/e1", None),
    ("POST", "/api/v1/events/e1/cancellation", None),
    ("POST", "/api/v1/transactions", {"event": "e1", "nTickets": 1}),
    ("POST", "/api/v1/events/e1/bookings", {"customer": "ada"}),
    ("DELETE", "/api/v1/bookings/b1", None),
    ("POST", "/api/v1/users", {"email": "ada@example.org", "password": "a long password"}),
    ("POST", "/initialize", {"name": "Gala", "capacity": 1}),
    ("POST", "/api/events/book", {"eventId": "e1", "userId": "ada"}),
]


@pytest.fixture
def api_on(mongo, mongodb_uri):
    """The service on a database of the test's own."""

    def build(db):
        settings = the_settings(database=db.name, mongodb_uri=mongodb_uri)
        return create_app(settings, mongo, utc_now, QUICK).test_client()

    return build


@pytest.fixture
def empty(mongo):
    mongo.drop_database("test-empty")
    yield mongo["test-empty"]
    mongo.drop_database("test-empty")


@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=lambda value: str(value)[:40])
def test_changes_nothing_before_it_is_migrated(empty, api_on, method, path, body):
    answer = api_on(empty).open(path, method=method, json=body)

    refused(answer, 503, "database_unfit")
    assert answer.headers["Retry-After"]
    assert [name for name in empty.list_collection_names() if empty[name].find_one()] == []


def test_one_key_makes_no_twelve_events_without_its_index(fresh_db, api_on):
    fresh_db.idempotency.drop_index("one_a_key")
    apis = [api_on(fresh_db) for _ in range(12)]

    def create(api):
        body = {"name": "Gala", "capacity": 1}
        headers = {"Idempotency-Key": "k1"}
        return api.post("/initialize", json=body, headers=headers).status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(create, apis)) == {503}
    assert fresh_db.events.count_documents({}) == 0


def test_serves_again_once_it_is_migrated(empty, api_on):
    refused(api_on(empty).post("/api/v1/events", json=GALA), 503, "database_unfit")

    migrate(empty)

    assert api_on(empty).post("/api/v1/events", json=GALA).status_code == 201


def test_reads_go_on_where_a_lock_is_missing(fresh_db, api_on):
    event = api_on(fresh_db).post("/api/v1/events", json=GALA).json
    fresh_db.bookings.drop_index("of_event")

    api = api_on(fresh_db)

    assert api.get(f"/api/v1/events/{event['id']}").status_code == 200
    assert api.get("/api/v1/statistics/monthly").status_code == 200


def test_serves_nothing_on_a_database_that_is_too_new(fresh_db, api_on):
    fresh_db.migrations.insert_one({"_id": "0999_holds", "by": "7.0.0"})
    api = api_on(fresh_db)

    refused(api.get("/api/v1/events"), 503, "database_unfit")
    refused(api.post("/api/v1/events", json=GALA), 503, "database_unfit")
    assert api.get("/livez").status_code == 200
    ready = api.get("/readyz")
    assert (ready.status_code, ready.json["migrations"]) == (503, "newer")
    assert "7.0.0" in ready.json["missing"][0]


def test_readiness_names_what_is_missing(fresh_db, api_on):
    fresh_db.events.drop_index("one_event_a_day")

    ready = api_on(fresh_db).get("/readyz")

    assert ready.status_code == 503
    assert "one_event_a_day" in ready.json["missing"][0]

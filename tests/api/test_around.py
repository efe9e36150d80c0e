"""Health, documents, request ids, and what happens while MongoDB is away."""

from __future__ import annotations

import re

import pytest

from tests.api.conftest import GALA, refused
from tests.api.documented import documented
from tests.conftest import the_settings
from ticketing.app import create_app
from ticketing.server.mongod import free_port
from ticketing.storage.driver.clients import connect
from ticketing.storage.migrations.runner import migrate


def test_lives(api):
    assert (api.get("/livez").status_code, api.get("/livez").json) == (200, {"status": "ok"})


def test_is_ready(api):
    answer = api.get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "database": "ok", "migrations": "ok", "warnings": []}


def test_is_not_ready_while_a_migration_is_pending(api, db):
    db.migrations.delete_many({})
    try:
        answer = api.get("/readyz")
    finally:
        migrate(db)

    assert answer.status_code == 503
    assert answer.json["migrations"] == "pending"


def test_warns_of_a_long_transaction_lifetime(api, mongo):
    name = "transactionLifetimeLimitSeconds"
    before = mongo.admin.command({"getParameter": 1, name: 1})[name]
    mongo.admin.command({"setParameter": 1, name: 60})
    try:
        answer = api.get("/readyz")
    finally:
        mongo.admin.command({"setParameter": 1, name: before})

    assert answer.status_code == 200
    assert "60" in answer.json["warnings"][0]


@pytest.fixture
def api_without_mongodb():
    uri = f"mongodb://127.0.0.1:{free_port()}/?replicaSet=none"
    with connect(uri, appname="tests", timeout_s=0.2) as client:
        settings = the_settings(request_timeout_s=0.2, commit_timeout_s=0.2)
        yield documented(create_app(settings, client)).test_client()


def test_lives_but_is_not_ready_without_mongodb(api_without_mongodb):
    assert api_without_mongodb.get("/livez").status_code == 200

    answer = api_without_mongodb.get("/readyz")

    assert answer.status_code == 503
    assert answer.json["database"] == "unreachable"


def test_says_that_nothing_has_happened_without_mongodb(api_without_mongodb):
    for answer in (
        api_without_mongodb.post("/api/v1/events", json=GALA),
        api_without_mongodb.post("/api/v1/transactions", json={"event": "e", "nTickets": 1}),
        api_without_mongodb.get("/api/v1/events"),
        api_without_mongodb.get("/api/v1/statistics/monthly"),
    ):
        refused(answer, 503, "database_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1


def test_gives_every_answer_a_request_id(api):
    assert len(api.get("/livez").headers["X-Request-ID"]) == 32
    assert len(api.get("/nothing").headers["X-Request-ID"]) == 32


def test_takes_over_a_sensible_request_id_and_no_other(api):
    def echoed(id_):
        return api.get("/livez", headers={"X-Request-ID": id_}).headers["X-Request-ID"]

    assert echoed("till-7.a_b") == "till-7.a_b"
    for hostile in ("a b", "x" * 65, "<script>", "{}"):
        assert echoed(hostile) != hostile


def test_shows_its_docs_without_any_other_server(api):
    page = api.get("/docs/").text

    assert "/api/v1/transactions" in page
    assert "https://" not in page
    assert "//cdn" not in page
    (script,) = re.findall(r'<script src="(.*?)" defer>', page)
    with api.get(script) as found:
        assert found.status_code == 200

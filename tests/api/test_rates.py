"""How often somebody may ask, and what browsers are told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import limits
import pytest

from tests.api.conftest import GALA, refused
from tests.api.test_users import PASSWORD, Person
from ticketing.server.mongod import free_port


def per_minute(**amounts):
    return {name: limits.parse(f"{amount} per minute") for name, amount in amounts.items()}


def test_lets_exactly_as_many_through_as_it_says_over_two_offices(api_at):
    offices = [api_at(rates=per_minute(writes=20)) for _ in range(2)]

    def ask(number):
        api = offices[number % 2].application.test_client()
        return api.post("/api/v1/events", json={**GALA, "date": f"20{number:02}-01-01"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(60)))

    assert sum(answer.status_code == 201 for answer in answers) == 20
    assert {a.status_code for a in answers} == {201, 429}


def test_tells_how_many_are_left_and_when_there_is_room_again(api_at):
    api = api_at(rates=per_minute(reads=2))

    first, second, third = (api.get("/api/v1/events") for _ in range(3))

    assert first.headers["RateLimit-Policy"] == '"reads";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"reads";r=1;t=')
    assert second.headers["RateLimit"].startswith('"reads";r=0;t=')
    refused(third, 429, "too_many_requests")
    assert 1 <= int(third.headers["Retry-After"]) <= 60
    assert "Retry-After" not in first.headers


def test_counts_reads_and_writes_apart(api_at):
    api = api_at(rates=per_minute(reads=1, writes=1))

    assert api.get("/api/v1/events").status_code == 200
    assert api.post("/api/v1/events", json=GALA).status_code == 201
    refused(api.get("/api/v1/events"), 429, "too_many_requests")


def test_never_says_too_many_for_sold_out(api_at):
    api = api_at(rates={})
    event = api.post("/api/v1/events", json={**GALA, "capacity": 1}).json["id"]
    body = {"event": event, "nTickets": 1}

    statuses = {api.post("/api/v1/transactions", json=body).status_code for _ in range(20)}

    assert statuses == {201, 409}


def test_says_who_are_you_before_too_many(api_at):
    api = api_at(auth="required", rates=per_minute(writes=1))

    for _ in range(3):
        refused(api.post("/api/v1/events", json=GALA), 401, "unauthorized")


def test_makes_guessing_slow_also_by_basic_on_other_routes(api_at):
    api = api_at(auth="required", rates=per_minute(tokens=3))
    guess = Person(api, "ada@example.org", None, "a wrong guess").basic

    for _ in range(3):
        refused(api.get("/api/v1/bookings", headers=guess), 401, "unauthorized")
    refused(api.get("/api/v1/bookings", headers=guess), 429, "too_many_requests")
    refused(api.post("/api/v1/tokens", headers=guess), 429, "too_many_requests")


def test_makes_registering_slow(api_at):
    api = api_at(auth="required", rates=per_minute(registration=1))
    body = {"email": "ada@example.org", "password": PASSWORD}

    assert api.post("/api/v1/users", json=body).status_code == 201
    answer = api.post("/api/v1/users", json={**body, "email": "grace@example.org"})

    refused(answer, 429, "too_many_requests")


def reads(api, forwarded=None):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return api.get("/api/v1/events", headers=headers).status_code


def test_lets_nobody_escape_by_a_forged_address(api_at):
    api = api_at(auth="required", rates=per_minute(reads=1))

    assert reads(api, "1.1.1.1") == 200
    assert reads(api, "2.2.2.2") == 429


def test_tells_clients_behind_a_proxy_apart_by_what_the_proxy_says(api_at):
    api = api_at(auth="required", rates=per_minute(reads=1), trusted_proxies=1)

    assert reads(api, "9.9.9.9, 1.1.1.1") == 200
    assert reads(api, "8.8.8.8, 1.1.1.1") == 429  # the first entry is the client's own word
    assert reads(api, "8.8.8.8, 2.2.2.2") == 200


def test_goes_on_when_the_store_is_away_and_says_so(api_at, capsys):
    uri = f"mongodb://127.0.0.1:{free_port()}/"
    api = api_at(rates=per_minute(reads=1), rate_limit_uri=uri)

    assert [reads(api) for _ in range(3)] == [200] * 3
    assert "rate_limits_off" in capsys.readouterr().out


def test_has_no_limit_where_none_is_set(api):
    answer = api.get("/api/v1/events")

    assert "RateLimit" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/api/v1/events", "/nothing", "/livez", "/openapi.json", "/docs/"]
)
def test_tells_browsers_to_be_careful(api, path):
    headers = api.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_lets_the_docs_page_run_its_own_script_only(api):
    policy = api.get("/docs/").headers["Content-Security-Policy"]

    assert "script-src 'self' 'sha256-" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy


def test_keeps_private_answers_out_of_caches(api_at):
    api = api_at(auth="required")
    headers = Person(api, "ada@example.org", None).basic

    assert api.get("/api/v1/bookings", headers=headers).headers["Cache-Control"] == "no-store"


def test_lets_other_origins_in_only_where_they_are_named(api_at):
    api = api_at(cors_origins=("https://shop.example.org",))

    def allowed(origin):
        headers = api.get("/api/v1/events", headers={"Origin": origin}).headers
        return headers.get("Access-Control-Allow-Origin")

    assert allowed("https://shop.example.org") == "https://shop.example.org"
    assert allowed("https://evil.example.org") is None

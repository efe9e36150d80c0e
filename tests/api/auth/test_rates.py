"""How often somebody may ask, and what browsers are told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event, Semaphore

import limits
import pytest

from tests.api.auth.accounts.test_users import PASSWORD, Person
from tests.api.conftest import GALA, refused
from tests.conftest import QUICK
from ticketing.server.mongod import free_port
from ticketing.services.accounts import users as people


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


# Guessing passwords.


def parts_of(api):
    return api.application.ticketing


def test_makes_guessing_slow_also_by_basic_on_other_routes(api_at):
    api = api_at(auth="required", rates=per_minute(tokens=3))
    guess = Person(api, "ada@example.org", None, "a wrong guess").basic

    for _ in range(3):
        refused(api.get("/api/v1/bookings", headers=guess), 401, "unauthorized")
    refused(api.get("/api/v1/bookings", headers=guess), 429, "too_many_requests")
    refused(api.post("/api/v1/tokens", headers=guess), 429, "too_many_requests")


@pytest.fixture
def ada(api_at, db):
    """Somebody with an account, on a service that allows three wrong passwords a minute."""
    api = api_at(auth="required", rates=per_minute(tokens=3, reads=100, writes=100))
    user = people.register(db, QUICK, "ada@example.org", PASSWORD, datetime.now(UTC))
    return Person(api, "ada@example.org", user)


def guess(person):
    return Person(person.api, person.email, None, "a wrong guess").basic


def test_refuses_the_right_password_as_well_once_too_many_were_wrong(ada):
    for _ in range(3):
        ada.api.post("/api/v1/tokens", headers=guess(ada))

    for method, path in (("GET", "/users/me"), ("POST", "/tokens")):
        answer = ada.api.open(f"/api/v1{path}", method=method, headers=ada.basic)
        refused(answer, 429, "too_many_requests")
        assert answer.headers["RateLimit"].startswith('"tokens";r=0;t=')
        assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_lets_a_token_in_while_passwords_are_refused(ada):
    ada.sign_in()
    for _ in range(4):
        ada.api.post("/api/v1/tokens", headers=guess(ada))

    assert ada.ask("GET", "/users/me").status_code == 200


def test_counts_no_right_password_so_many_sign_in_behind_one_address(ada, db):
    names = [f"{n}@example.org" for n in range(15)]
    for name in names:
        people.register(db, QUICK, name, PASSWORD, datetime.now(UTC))

    def sign_in(name):
        person = Person(ada.api.application.test_client(), name, None)
        answers = [
            person.api.post("/api/v1/tokens", headers=person.basic),
            person.api.get("/api/v1/users/me", headers=person.basic),
        ]
        return [answer.status_code for answer in answers]

    with ThreadPoolExecutor(15) as pool:
        assert list(pool.map(sign_in, names)) == [[201, 200]] * 15


def test_counts_guesses_at_the_current_password(ada):
    ada.sign_in()
    body = {"currentPassword": "a wrong guess", "password": "another good password"}

    answers = [ada.ask("PATCH", "/users/me", body) for _ in range(4)]
    right = ada.ask("PATCH", "/users/me", {**body, "currentPassword": PASSWORD})

    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
    refused(right, 429, "too_many_requests")
    refused(ada.api.post("/api/v1/tokens", headers=ada.basic), 429, "too_many_requests")


def test_counts_no_change_of_password_that_is_right(ada):
    for n in range(5):
        ada.sign_in()
        new = f"a good password, number {n}"
        body = {"currentPassword": ada.password, "password": new}
        assert ada.ask("PATCH", "/users/me", body).status_code == 200
        ada.password = new


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic !"},
        {"Authorization": "Digest x"},
    ],
    ids=str,
)
def test_counts_asking_for_a_token_with_no_password_at_all(ada, headers):
    statuses = [ada.api.post("/api/v1/tokens", headers=headers).status_code for _ in range(5)]

    assert statuses == [401, 401, 401, 429, 429]


def test_says_who_are_you_as_often_as_asked_where_no_password_is_shown(ada):
    statuses = {ada.api.get("/api/v1/bookings").status_code for _ in range(10)}

    assert statuses == {401}


def test_tells_who_signs_in_how_many_wrong_passwords_are_left(ada):
    def told(headers):
        return ada.api.post("/api/v1/tokens", headers=headers).headers["RateLimit"].split(";t=")[0]

    assert told(guess(ada)) == '"tokens";r=2'
    assert told(ada.basic) == '"tokens";r=2'
    assert told(guess(ada)) == '"tokens";r=1'


def test_checks_a_right_password_once_a_minute(ada, checks):
    for _ in range(5):
        assert ada.api.get("/api/v1/users/me", headers=ada.basic).status_code == 200
    assert ada.api.post("/api/v1/tokens", headers=ada.basic).status_code == 201

    assert len(checks) == 1


def test_checks_nothing_for_an_answer_of_429(ada, checks, api_at):
    ada.api = api_at(auth="required", rates=per_minute(tokens=2, reads=1))
    statuses = [ada.api.get("/api/v1/users/me", headers=ada.basic).status_code for _ in range(5)]
    assert statuses == [200, 429, 429, 429, 429]
    assert len(checks) == 1

    for _ in range(5):
        ada.api.post("/api/v1/tokens", headers=guess(ada))
    ada.api.post("/api/v1/tokens", headers=ada.basic)
    assert len(checks) == 3


def test_takes_no_password_a_moment_after_it_was_changed(ada, checks):
    assert ada.api.get("/api/v1/users/me", headers=ada.basic).status_code == 200
    ada.sign_in()
    body = {"currentPassword": PASSWORD, "password": "another good password"}
    assert ada.ask("PATCH", "/users/me", body).status_code == 200

    refused(ada.api.get("/api/v1/users/me", headers=ada.basic), 401, "unauthorized")
    ada.password = body["password"]
    assert ada.api.get("/api/v1/users/me", headers=ada.basic).status_code == 200


@pytest.mark.parametrize(
    ("change", "path", "before", "after"),
    [
        ({"active": False, "generation": 2}, "/users/me", 200, 401),
        ({"role": "staff"}, "/transactions/x", 403, 404),
    ],
)
def test_goes_by_the_user_of_the_moment_though_the_password_is_remembered(
    ada, db, change, path, before, after
):
    assert ada.api.get(f"/api/v1{path}", headers=ada.basic).status_code == before

    db.users.update_one({"_id": ada.user.id}, {"$set": change})

    assert ada.api.get(f"/api/v1{path}", headers=ada.basic).status_code == after


def test_tells_nobody_elsewhere_that_a_password_is_remembered(ada, api_at, checks):
    """Else whoever has no attempts left could go on guessing until the answer is not 429."""
    ada.api = api_at(auth="required", rates=per_minute(tokens=1), trusted_proxies=1)
    handler, elsewhere = ({"X-Forwarded-For": text} for text in ("1.1.1.1", "2.2.2.2"))
    assert ada.api.get("/api/v1/users/me", headers={**ada.basic, **handler}).status_code == 200

    ada.api.get("/api/v1/users/me", headers={**guess(ada), **elsewhere})
    answer = ada.api.get("/api/v1/users/me", headers={**ada.basic, **elsewhere})

    refused(answer, 429, "too_many_requests")
    assert len(checks) == 2


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json", "/docs/"])
@pytest.mark.parametrize("value", ["Basic !", "Bearer x", "nonsense", None])
def test_looks_at_no_credentials_where_none_matter(ada, checks, path, value):
    headers = guess(ada) if value is None else {"Authorization": value}

    assert {ada.api.get(path, headers=headers).status_code for _ in range(5)} == {200}
    assert checks == []


@pytest.mark.parametrize("path", ["/tokens", "/users"])
def test_refuses_who_finds_no_place_to_wait_for_a_hash(ada, path):
    """Threads that wait are missing to those who buy: fifteen of them are enough."""
    refusals = Semaphore(0)

    def ask(number):
        api = ada.api.application.test_client()
        if path == "/users":
            body = {"email": f"{number}@example.org", "password": PASSWORD}
            answer = api.post("/api/v1/users", json=body)
        else:
            answer = api.post("/api/v1/tokens", headers=ada.basic)
        if answer.status_code == 429:
            refusals.release()
        return answer

    with ThreadPoolExecutor(20) as pool:
        with QUICK.turn():
            futures = [pool.submit(ask, number) for number in range(20)]
            for _ in range(5):
                assert refusals.acquire(timeout=20)
        answers = [future.result() for future in futures]

    assert sorted(answer.status_code for answer in answers) == [201] * 15 + [429] * 5
    turned_away = next(answer for answer in answers if answer.status_code == 429)
    refused(turned_away, 429, "too_many_requests")
    assert turned_away.headers["Retry-After"] == "1"


def test_makes_registering_slow(api_at):
    api = api_at(auth="required", rates=per_minute(registration=1))
    body = {"email": "ada@example.org", "password": PASSWORD}

    assert api.post("/api/v1/users", json=body).status_code == 201
    answer = api.post("/api/v1/users", json={**body, "email": "grace@example.org"})

    refused(answer, 429, "too_many_requests")


def reads(api, forwarded=None):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return api.get("/api/v1/events", headers=headers).status_code


# Stories of guessing, at a service behind a proxy with the default limit.


@pytest.fixture
def behind_a_proxy(api_at, db):
    """Make a request from an address, as a proxy tells it."""
    api = api_at(auth="required", rates=per_minute(tokens=10), trusted_proxies=1)
    user = people.register(db, QUICK, "ada@example.org", PASSWORD, datetime.now(UTC))
    ada = Person(api, user.email, user)
    ada.sign_in()

    def ask(address, headers=None, path="/tokens", method="POST", body=None):
        headers = {**(headers or guess(ada)), "X-Forwarded-For": address}
        return api.open(f"/api/v1{path}", method=method, headers=headers, json=body)

    ask.ada = ada
    return ask


def test_a_hundred_guesses_from_a_hundred_addresses_meet_the_accounts_limit(behind_a_proxy):
    statuses = [behind_a_proxy(f"203.0.113.{number}").status_code for number in range(100)]

    assert statuses == [401] * 10 + [429] * 90


def test_an_unknown_address_meets_the_same_limit(behind_a_proxy):
    nobody = Person(None, "nobody@example.org", None).basic

    statuses = [behind_a_proxy(f"203.0.113.{n}", nobody).status_code for n in range(15)]

    assert statuses == [401] * 10 + [429] * 5


def test_thirty_guesses_from_one_ipv6_network_meet_one_limit(behind_a_proxy):
    statuses = [
        behind_a_proxy(f"2001:db8:1:2:{number:x}::1").status_code for number in range(1, 31)
    ]

    assert statuses == [401] * 10 + [429] * 20


def test_guesses_through_a_proxy_that_appends_ports_meet_one_limit(behind_a_proxy):
    statuses = [behind_a_proxy(f"203.0.113.7:{50_000 + n}").status_code for n in range(25)]

    assert statuses == [401] * 10 + [429] * 15


def test_sixty_guesses_by_the_current_password_meet_the_limit(behind_a_proxy):
    """From as many addresses: it is one account."""
    body = {"currentPassword": "a wrong guess", "password": "another good password"}
    statuses = [
        behind_a_proxy(
            f"203.0.113.{n}", behind_a_proxy.ada.bearer, "/users/me", "PATCH", body
        ).status_code
        for n in range(60)
    ]

    assert statuses == [403] * 10 + [429] * 50


def test_guesses_at_an_account_count_wherever_its_password_is_asked_for(behind_a_proxy):
    body = {"currentPassword": "a wrong guess", "password": "another good password"}
    for number in range(10):
        ways = [("/tokens", "POST", None), ("/bookings", "GET", None)]
        behind_a_proxy(f"203.0.113.{number}", None, *ways[number % 2])

    answer = behind_a_proxy("198.51.100.1", behind_a_proxy.ada.bearer, "/users/me", "PATCH", body)

    refused(answer, 429, "too_many_requests")


def test_the_owner_gets_in_while_the_account_is_slow(behind_a_proxy):
    """From an address without failures, after as long as the answer says: three seconds."""
    for number in range(10):
        behind_a_proxy(f"203.0.113.{number}")
    right = behind_a_proxy.ada.basic

    turned_away = behind_a_proxy("198.51.100.1", right)
    refused(turned_away, 429, "too_many_requests")
    seconds = int(turned_away.headers["Retry-After"])
    assert seconds <= 3
    Event().wait(seconds)

    assert behind_a_proxy("198.51.100.1", right).status_code == 201


def test_lets_nobody_escape_by_a_forged_address(api_at):
    api = api_at(auth="required", rates=per_minute(reads=1))

    assert reads(api, "1.1.1.1") == 200
    assert reads(api, "2.2.2.2") == 429


def test_tells_clients_behind_a_proxy_apart_by_what_the_proxy_says(api_at):
    api = api_at(auth="required", rates=per_minute(reads=1), trusted_proxies=1)

    assert reads(api, "9.9.9.9, 1.1.1.1") == 200
    assert reads(api, "8.8.8.8, 1.1.1.1") == 429  # the first entry is the client's own word
    assert reads(api, "8.8.8.8, 2.2.2.2") == 200


@pytest.fixture
def away():
    """A store of counts that can't be reached."""
    return f"mongodb://127.0.0.1:{free_port()}/"


def test_counts_for_itself_when_the_store_is_away_and_says_so(api_at, away, capsys):
    api = api_at(rates=per_minute(reads=2), rate_limit_uri=away)

    assert [reads(api) for _ in range(4)] == [200, 200, 429, 429]
    assert "rate_limits_by_worker" in capsys.readouterr().out


def test_counts_registrations_also_when_the_store_is_away(api_at, away):
    api = api_at(auth="required", rates=per_minute(registration=2), rate_limit_uri=away)

    statuses = [
        api.post("/api/v1/users", json={"email": f"{n}@example.org", "password": PASSWORD})
        for n in range(4)
    ]

    assert [answer.status_code for answer in statuses] == [201, 201, 429, 429]
    assert int(statuses[-1].headers["Retry-After"]) >= 1


@pytest.mark.parametrize("ask", ["tokens", "bookings"])
def test_counts_guesses_also_when_the_store_is_away(api_at, away, ask):
    api = api_at(auth="required", rates=per_minute(tokens=2), rate_limit_uri=away)
    guess = Person(api, "ada@example.org", None, "a wrong guess").basic
    method = "POST" if ask == "tokens" else "GET"

    answers = [api.open(f"/api/v1/{ask}", method=method, headers=guess) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 429, 429]


def test_counts_exactly_when_many_ask_a_worker_that_counts_for_itself(api_at, away):
    api = api_at(rates=per_minute(reads=20), rate_limit_uri=away)
    assert reads(api) == 200

    with ThreadPoolExecutor(16) as pool:
        clients = [api.application.test_client() for _ in range(60)]
        statuses = list(pool.map(reads, clients))

    assert statuses.count(200) == 19


def test_counts_together_again_once_the_store_is_back(api_at, monkeypatch):
    api = api_at(rates=per_minute(reads=2))
    store = parts_of(api).rates._shared
    monkeypatch.setattr(store, "_closed_until", float("inf"))
    assert [reads(api) for _ in range(3)] == [200, 200, 429]

    monkeypatch.setattr(store, "_closed_until", 0.5)  # over since long

    assert [reads(api) for _ in range(3)] == [200, 200, 429]


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


def test_lets_the_docs_page_run_nothing_that_stands_in_it(api):
    policy = api.get("/docs/").headers["Content-Security-Policy"]

    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy


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

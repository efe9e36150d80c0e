"""Which pages may ask: in open mode no foreign one, with CORS those that are listed."""

from __future__ import annotations

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from tests.api.conftest import GALA, refused

SHOP = "https://shop.example.org"
EVIL = "https://evil.example.org"


def asked(api, path="/api/v1/events", method="GET", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    host = named.pop("Host", None)
    overrides = {} if host is None else {"environ_overrides": {"HTTP_HOST": host}}
    return api.open(path, method=method, headers=named, **overrides)


# Open mode: DNS rebinding.


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8000", "LocalHost:80", "localhost:", "127.0.0.1", "127.0.0.1:8000",
        "127.8.9.10:1", "[::1]", "[::1]:8000", "[0:0:0:0:0:0:0:1]",
    ],
)  # fmt: skip
def test_answers_to_any_loopback_name_in_open_mode(api, host):
    assert asked(api, Host=host).status_code == 200


FOREIGN_HOSTS = [
    "", " ", "evil.example.org", "evil.example.org:8000", "localhost.evil.example.org",
    "127.0.0.1.evil.example.org", "evil.localhost", "localhost.", "localhosts", "128.0.0.1",
    "10.0.0.1", "0.0.0.0", "0", "2130706433", "0x7f.0.0.1", "127.1", "127.0.0.01", "127.0.0.1.",
    "::1", "[::]", "[::2]", "[::ffff:127.0.0.1]", "[::1", "[::1]x", "[127.0.0.1]", "[::1%lo]",
    "localhost:x", "localhost:80:80", "localhost@evil.example.org", "evil@localhost",
    "localhost,evil.example.org", "localhost/", "localhost#", "l\u00f6calhost",
    "\u0661\u0662\u0667.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_answers_to_no_other_name_in_open_mode(api, host):
    refused(asked(api, Host=host), 403, "foreign_origin")


@pytest.mark.parametrize(
    "path",
    ["/livez", "/readyz", "/docs/", "/openapi.json", "/api/v1/events/x", "/nothing", "/book"],
)
def test_answers_no_other_name_on_any_route(api, path):
    answer = refused(asked(api, path, Host="evil.example.org"), 403, "foreign_origin")

    assert answer.get("error") is (True if path == "/book" else None)


def test_answers_nobody_who_names_no_host_in_open_mode(api):
    """As HTTP/1.0 may; every browser names one."""
    environ = create_environ("/api/v1/events")
    del environ["HTTP_HOST"]

    body, status, _ = run_wsgi_app(api.application, environ)

    assert status == "403 FORBIDDEN"
    assert b'"foreign_origin"' in b"".join(body)


def test_does_not_take_a_proxys_word_for_the_host(api_at):
    api = api_at(trusted_proxies=1)

    answer = asked(api, Host="evil.example.org", X_Forwarded_Host="localhost")

    refused(answer, 403, "foreign_origin")


# Open mode: requests that a foreign page sends.


FROM_FOREIGN_PAGES = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost.evil.example.org"},
    {"Origin": "http://127.0.0.1@evil.example.org"},
    {"Origin": "http://10.0.0.1"},
    {"Origin": "http://localhost/"},
    {"Origin": "http://localhost http://evil.example.org"},
    {"Origin": "localhost"},
    {"Origin": "file://localhost"},
    {"Origin": "chrome-extension://abcdefgh"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "whatever"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
    {"Origin": EVIL, "Sec-Fetch-Site": "same-origin"},
    {"Origin": EVIL, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
]


@pytest.mark.parametrize("headers", FROM_FOREIGN_PAGES, ids=str)
def test_calls_no_event_off_for_a_foreign_page(api, headers):
    event = api.post("/api/v1/events", json=GALA).json["id"]

    form = {"content_type": "application/x-www-form-urlencoded", "data": ""}
    answer = api.post(f"/api/v1/events/{event}/cancellation", headers=headers, **form)

    refused(answer, 403, "foreign_origin")
    assert api.get(f"/api/v1/events/{event}").json["status"] == "scheduled"


@pytest.mark.parametrize("headers", FROM_FOREIGN_PAGES, ids=str)
def test_reads_nothing_for_a_foreign_page(api, headers):
    refused(asked(api, **headers), 403, "foreign_origin")


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_refuses_a_foreign_page_whatever_it_does(api, method):
    answer = asked(api, "/api/v1/events", method, Origin=EVIL)

    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "http://[::1]:8000", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    ],
    ids=str,
)
def test_answers_its_own_pages_and_what_is_no_browser(api, headers):
    assert asked(api, **headers).status_code == 200
    assert api.post("/api/v1/events", json=GALA, headers=headers).status_code == 201


def test_lets_a_link_on_a_foreign_page_be_followed_but_no_form_be_sent(api):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    assert asked(api, "/docs/", **link).status_code == 200
    refused(asked(api, "/api/v1/events", "POST", **link), 403, "foreign_origin")


def test_takes_a_page_that_the_operator_lists_for_its_own(api_at):
    api = api_at(cors_origins=(SHOP,))
    page = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}

    assert api.post("/api/v1/events", json=GALA, headers=page).status_code == 201
    refused(asked(api, **{**page, "Origin": EVIL}), 403, "foreign_origin")
    refused(asked(api, **page, Host="evil.example.org"), 403, "foreign_origin")


@pytest.mark.parametrize("headers", [*FROM_FOREIGN_PAGES, {"Host": "tickets.example.org"}], ids=str)
def test_needs_none_of_this_where_users_sign_in(api_at, headers):
    """A foreign page has no credentials: there are no cookies."""
    assert asked(api_at(auth="required"), **headers).status_code == 200


# CORS.


@pytest.fixture
def api(api_at):
    """In open mode, where nobody has to sign in."""
    return api_at()


@pytest.fixture
def shop(api_at):
    return api_at(auth="required", cors_origins=(SHOP, "http://[::1]:3000"))


def allowed(answer):
    return answer.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/bookings", "/nothing", "/livez"])
def test_lets_a_listed_page_read_answers_and_refusals(shop, path):
    answer = asked(shop, path, Origin=SHOP)

    assert allowed(answer) == SHOP
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        EVIL, "null", "", "*", f"{SHOP}.evil.example.org", f"{SHOP}:8443", f"{SHOP}/",
        "http://shop.example.org", "https://shopxexample.org", "https://xshop.example.org",
        "HTTPS://SHOP.EXAMPLE.ORG", "http://1:3000", "http://::3000",
    ],
)  # fmt: skip
def test_lets_no_other_page_read_anything(shop, origin):
    answer = asked(shop, Origin=origin)

    assert answer.status_code == 200
    assert allowed(answer) is None
    assert "Access-Control-Expose-Headers" not in answer.headers


def test_lets_a_page_on_an_address_in_brackets_in(shop):
    assert allowed(asked(shop, Origin="http://[::1]:3000")) == "http://[::1]:3000"


@pytest.mark.parametrize("headers", [{}, {"Origin": SHOP}, {"Origin": EVIL}], ids=str)
def test_tells_caches_that_answers_depend_on_the_origin(api_at, headers):
    api = api_at(auth="required", cors_origins=(SHOP,))

    vary = asked(api, **headers).headers.getlist("Vary")

    assert vary == ["Authorization, Origin"] or vary == ["Origin, Authorization"]


def test_tells_caches_of_no_origin_where_none_is_listed(api):
    assert asked(api).headers["Vary"] == "Authorization"


def test_answers_what_a_browser_asks_before_it_sends(shop):
    ask_first = {
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, if-match",
    }

    answer = asked(shop, "/api/v1/events/x", "OPTIONS", Origin=SHOP, **ask_first)

    assert answer.status_code == 200
    assert allowed(answer) == SHOP
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    told = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= set(told)
    foreign = asked(shop, "/api/v1/events/x", "OPTIONS", Origin=EVIL, **ask_first)
    assert "Access-Control-Allow-Methods" not in foreign.headers

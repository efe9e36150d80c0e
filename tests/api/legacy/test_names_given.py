"""Who asks on the briefs' routes: in open mode a name is enough, elsewhere it is not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import limits
import pytest

from tests.api.conftest import each_place, refused, refused_plainly
from tests.api.legacy.brief_clients import ADMIN, PASSWORD, basic
from tests.conftest import QUICK
from ticketing.services.accounts import users as people

EMAIL = "ada@example.org"


@pytest.fixture
def event(api):
    return api.post("/initialize", json={"name": "Gala", "totalTickets": 5}).json["id"]


@pytest.fixture
def ada(db):
    return people.register(db, QUICK, EMAIL, PASSWORD, datetime.now(UTC))


def signed(authorization):
    return {} if authorization is None else {"Authorization": authorization}


def book(api, event, authorization=None, place="", action="book", **body):
    body = {"eventId": event, **body}
    return api.post(f"{place}/{action}", json=body, headers=signed(authorization))


def holders(api, event):
    listed = api.get(f"/api/v1/bookings?event={event}&status=confirmed").json["items"]
    return [booking["customer"] for booking in listed]


@each_place
@pytest.mark.parametrize("name", ["user1@gmail.com", "admin", "Zoë", "a b"])
@pytest.mark.parametrize("password", [PASSWORD, "", "with:colons"])
def test_books_for_the_name_that_basic_gives_whatever_the_password(
    api, event, place, name, password
):
    assert book(api, event, basic(name, password), place).status_code == 201
    assert holders(api, event) == [name]

    assert book(api, event, basic(name, "another"), place, "cancel").status_code == 200
    assert holders(api, event) == []


@each_place
def test_books_for_whom_the_body_names_rather_than_for_the_caller(api, event, place):
    assert book(api, event, ADMIN, place, userEmail=EMAIL).status_code == 201

    assert holders(api, event) == [EMAIL]
    refused_plainly(book(api, event, ADMIN, place, "cancel"), 404, "booking_not_found")
    assert book(api, event, ADMIN, place, "cancel", user=EMAIL).status_code == 200


def test_takes_a_name_for_the_user_who_has_registered_with_it(api, event, ada):
    assert book(api, event, basic("ADA@example.org", "not her password")).status_code == 201

    refused_plainly(book(api, event, user=ada.id), 409, "already_booked")


def test_takes_one_name_for_one_customer_whether_basic_or_the_body_gives_it(api, event):
    assert book(api, event, basic("Ada@Example.org")).status_code == 201

    refused_plainly(book(api, event, userEmail=EMAIL), 409, "already_booked")
    refused_plainly(book(api, event, basic("ADA@example.org")), 409, "already_booked")


def encoded(pair):
    return "Basic " + base64.b64encode(pair).decode()


NOBODY = [
    "",
    " ",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic YQ",
    encoded(b":password"),
    encoded(b"  :password"),
    encoded(b"\xff\xfe:password"),
    encoded(b"ad\x00min:password"),
    encoded(b"a" * 255 + b":password"),
    "Bearer",
    "Bearer nonsense",
    "Bearer a.b.c",
    "Token abc",
    'Digest username="ada"',
    "nonsense",
    "\xff\xfe",
    "{{authHeader}}",
]


@each_place
@pytest.mark.parametrize("authorization", NOBODY)
def test_refuses_no_credentials_and_takes_these_for_nobodys(api, event, place, authorization):
    body, headers = {"title": "Ball", "totalTickets": 3}, signed(authorization)
    assert api.post(f"{place}/initialize", json=body, headers=headers).status_code == 201
    assert api.get(f"{place}/status/{event}", headers=headers).status_code == 200

    for action in ("book", "cancel"):
        answer = book(api, event, authorization, place, action)
        assert refused_plainly(answer, 400, "bad_request")["errors"]
    assert book(api, event, authorization, place, user="ada").status_code == 201
    assert book(api, event, authorization, place, "cancel", user="ada").status_code == 200


def test_knows_a_token_of_its_own_and_passes_over_one_that_is_not_in_force(api, event, ada):
    token = api.post("/api/v1/tokens", headers=signed(basic(EMAIL))).json["token"]
    bearer = f"Bearer {token}"

    assert book(api, event, bearer).status_code == 201
    assert holders(api, event) == [EMAIL]

    assert api.delete("/api/v1/tokens/current", headers=signed(bearer)).status_code == 204
    refused_plainly(book(api, event, bearer), 400, "bad_request")


def test_refuses_unknown_credentials_everywhere_else_in_open_mode_too(api, event):
    for authorization in (ADMIN, "Bearer nonsense", "Token abc"):
        answer = api.get("/api/v1/events", headers=signed(authorization))
        refused(answer, 401, "unauthorized")


def test_keeps_the_idempotency_keys_of_two_names_apart(api, event):
    def ask(name):
        headers = {**signed(basic(name)), "Idempotency-Key": "k1"}
        return api.post("/book", json={"eventId": event}, headers=headers)

    first, second, again = ask("ada"), ask("grace"), ask("ada")

    assert [first.json["data"]["customer"], second.json["data"]["customer"]] == ["ada", "grace"]
    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"


def test_says_in_the_trail_that_the_name_was_only_given(api, event):
    book(api, event, ADMIN, user="ada")
    book(api, event, user="grace")

    trail = api.get(f"/api/v1/events/{event}/audit").json["items"]
    assert [entry["actor"] for entry in trail] == ["open", "open:admin", "open"]


def test_counts_a_name_that_was_only_given_by_its_address(api_at):
    api = api_at(rates={"writes": limits.parse("2 per minute")})
    event = api.post("/initialize", json={"name": "Gala", "totalTickets": 5}).json["id"]

    first, second = (book(api, event, basic(name)) for name in ("ada", "grace"))

    assert first.status_code == 201
    refused_plainly(second, 429, "too_many_requests")


@each_place
@pytest.mark.parametrize("authorization", [ADMIN, *NOBODY, None])
def test_lets_nobody_in_by_a_name_alone_where_users_sign_in(api_at, place, authorization):
    api, headers = api_at(auth="required"), signed(authorization)

    answer = api.post(
        f"{place}/initialize", json={"title": "A", "totalTickets": 3}, headers=headers
    )

    refused_plainly(answer, 401, "unauthorized")
    assert "Basic" in answer.headers["WWW-Authenticate"]
    refused_plainly(book(api, "x", authorization, place, user="ada"), 401, "unauthorized")

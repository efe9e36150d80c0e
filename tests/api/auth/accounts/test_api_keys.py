"""API keys: a till, a door and a shop's back end sign in by them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import limits
import pytest

from tests.api.auth.accounts.test_users import GALA, PASSWORD, Person
from tests.api.conftest import each_place, refused
from tests.conftest import QUICK
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people

V1 = "/api/v1"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    return {"now": NOON}


@pytest.fixture
def api(api_at, clock):
    return api_at(lambda: clock["now"], auth="required")


@pytest.fixture
def admin(api, db):
    email = "admin@example.org"
    user = people.register(db, QUICK, email, PASSWORD, NOON, Role.ADMIN)
    return Person(api, email, user).sign_in()


def make(admin, name="till 1", role="staff"):
    answer = admin.ask("POST", "/api-keys", {"name": name, "role": role})
    assert answer.status_code == 201, answer.json
    return answer.json


def listed(admin):
    return admin.ask("GET", "/api-keys").json["items"]


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def basic(key, name="admin"):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()}


def test_shows_a_key_once_and_how_it_begins_ever_after(db, admin):
    made = make(admin)

    assert made["key"].startswith(made["prefix"])
    assert len(made["prefix"]) < 12
    (row,) = listed(admin)
    assert row == {name: value for name, value in made.items() if name != "key"}
    assert (row["name"], row["role"], row["createdBy"]) == ("till 1", "staff", admin.user.id)
    assert made["key"] not in str(list(db.api_keys.find()))


@pytest.mark.parametrize("sign", [bearer, basic, lambda key: basic(key, "")])
def test_lets_a_key_in_by_bearer_and_as_any_names_password(api, admin, sign):
    event = admin.ask("POST", "/events", GALA).json["id"]
    headers = sign(make(admin)["key"])

    sale = {"event": event, "nTickets": 2}
    assert api.post(f"{V1}/transactions", json=sale, headers=headers).status_code == 201
    refused(api.post(f"{V1}/events", json=GALA, headers=headers), 403, "forbidden")


@each_place
def test_lets_a_key_in_on_the_routes_of_the_briefs(api, admin, place):
    event = admin.ask("POST", "/events", GALA).json["id"]
    headers = basic(make(admin)["key"])

    body = {"eventId": event, "userEmail": "ada@example.org"}
    assert api.post(f"{place}/book", json=body, headers=headers).status_code == 201
    assert api.post(f"{place}/cancel", json=body, headers=headers).status_code == 200


def test_the_audit_names_the_key(api, admin):
    event = admin.ask("POST", "/events", GALA).json["id"]
    key = make(admin, "Kasse S\u00fcd")["key"]
    api.post(f"{V1}/transactions", json={"event": event, "nTickets": 1}, headers=bearer(key))

    entries = admin.ask("GET", f"/events/{event}/audit").json["items"]
    assert entries[-1]["actor"] == "key:Kasse S\u00fcd"


def test_a_revoked_key_lets_nobody_in_from_the_next_request_on(api, admin, clock):
    made = make(admin)
    path = f"{V1}/statistics/monthly"
    assert api.get(path, headers=bearer(made["key"])).status_code == 200

    for _ in range(2):
        assert admin.ask("DELETE", f"/api-keys/{made['id']}").status_code == 204
        clock["now"] += timedelta(minutes=1)

    for headers in (bearer(made["key"]), basic(made["key"])):
        refused(api.get(path, headers=headers), 401, "unauthorized")
    (row,) = listed(admin)
    assert (row["revokedAt"], row["revokedBy"]) == ("2026-06-01T12:00:00.000Z", admin.user.id)
    refused(admin.ask("DELETE", "/api-keys/nothing"), 404, "api_key_not_found")


def test_says_when_a_key_was_used_last(api, admin, clock):
    made = make(admin)
    assert listed(admin)[0]["lastUsedAt"] is None

    for seconds in (5, 30, 200):
        clock["now"] = NOON + timedelta(seconds=seconds)
        api.get(f"{V1}/statistics/monthly", headers=bearer(made["key"]))

    assert listed(admin)[0]["lastUsedAt"] == "2026-06-01T12:03:20.000Z"


def test_costs_one_read_a_second(api, admin, monkeypatch):
    """And a write a minute, to say when it was used last."""
    headers = bearer(make(admin)["key"])
    api.get(f"{V1}/statistics/monthly", headers=headers)
    asked = []
    collection = type(api.application.ticketing.db["api_keys"])
    for name in ("find_one", "update_one"):
        real = getattr(collection, name)

        def note(self, *args, _real=real, _name=name, **kwargs):
            asked.append((_name, self.name))
            return _real(self, *args, **kwargs)

        monkeypatch.setattr(collection, name, note)

    callers = api.application.ticketing.callers
    callers._found.clear()  # a second later
    callers._clock = lambda: 1000.0  # and no second goes by, however slow the machine
    for _ in range(5):
        assert api.get(f"{V1}/statistics/monthly", headers=headers).status_code == 200

    assert asked == [("find_one", "api_keys")]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "till", "role": "admin"},
        {"name": "till"},
        {"role": "staff"},
        {"name": "", "role": "staff"},
        {"name": "x" * 65, "role": "staff"},
        {"name": "ti\u200bll", "role": "staff"},
        {"name": "till", "role": "staff", "key": "mine"},
        {"name": ["till"], "role": "staff"},
    ],
)
def test_makes_no_key_that_makes_no_sense(db, admin, body):
    refused(admin.ask("POST", "/api-keys", body), 400, "bad_request")
    assert db.api_keys.count_documents({}) == 0


def test_a_name_is_one_keys_until_that_is_revoked(admin):
    made = make(admin)
    again = {"name": " till  1 ", "role": "staff"}
    refused(admin.ask("POST", "/api-keys", again), 409, "key_name_taken")

    admin.ask("DELETE", f"/api-keys/{made['id']}")

    assert make(admin)["id"] != made["id"]


def test_a_key_makes_no_keys_and_has_no_account(api, admin):
    headers = bearer(make(admin)["key"])

    for method, path in (("POST", "/api-keys"), ("GET", "/api-keys"), ("DELETE", "/api-keys/x")):
        refused(api.open(f"{V1}{path}", method=method, headers=headers), 403, "forbidden")
    refused(api.get(f"{V1}/users/me", headers=headers), 404, "user_not_found")
    refused(api.post(f"{V1}/tokens", headers=basic("x")), 401, "unauthorized")
    refused(api.delete(f"{V1}/tokens/current", headers=headers), 401, "unauthorized")


@pytest.mark.parametrize(
    "secret", ["tk_", "tk_" + "A" * 43, "tk_" + "A" * 44, "tk_" + "\u00e9" * 43]
)
def test_lets_nobody_in_by_what_looks_like_a_key(api, admin, secret):
    make(admin)
    encoded = basic(secret)

    refused(api.get(f"{V1}/statistics/monthly", headers=encoded), 401, "unauthorized")
    if secret.isascii():
        refused(api.get(f"{V1}/statistics/monthly", headers=bearer(secret)), 401, "unauthorized")


def test_a_customers_key_holds_no_bookings(api, admin):
    event = admin.ask("POST", "/events", GALA).json["id"]
    headers = bearer(make(admin, role="customer")["key"])

    path = f"{V1}/events/{event}/bookings"
    refused(api.post(path, json={}, headers=headers), 400, "bad_request")
    refused(api.post(path, json={"customer": "ada"}, headers=headers), 403, "forbidden")
    assert api.get(f"{V1}/bookings", headers=headers).json["items"] == []


def test_a_key_is_let_in_while_passwords_are_refused_from_there(api_at, admin):

    api = api_at(auth="required", rates={"tokens": limits.parse("1 per minute")})
    key = make(admin)["key"]
    for _ in range(2):
        api.get(f"{V1}/bookings", headers=basic("a wrong guess", "ada@example.org"))

    for sign in (bearer, basic):
        answer = api.get(f"{V1}/statistics/monthly", headers=sign(key))
        assert answer.status_code == 200


def test_lists_keys_in_parts(admin):
    for number in range(3):
        make(admin, f"till {number}")

    first = admin.ask("GET", "/api-keys?limit=2").json
    second = admin.ask("GET", f"/api-keys?limit=2&cursor={first['next']}").json

    names = [row["name"] for row in first["items"] + second["items"]]
    assert names == ["till 0", "till 1", "till 2"]

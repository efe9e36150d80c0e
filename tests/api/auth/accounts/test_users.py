"""Users, tokens and roles: who may do what."""

from __future__ import annotations

import base64
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import jwt
import pytest
from argon2 import extract_parameters

from tests.api import conftest
from tests.api.conftest import but_head, refused
from tests.conftest import QUICK
from ticketing.domain.identity.account_changes import AccountChange
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people
from ticketing.services.accounts.changes import change_account
from ticketing.services.accounts.deactivation import leave_lists
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.signing_in.tokens import AUDIENCE, ISSUER
from ticketing.services.writes.recovery import recover
from ticketing.storage.accounts import users

# What customers do themselves ends with the event's day.
GALA = {**conftest.GALA, "date": "2044-10-31"}
PASSWORD = "correct horse battery"
BY_HAND = Caller("somebody", "r1")
KEY = "a-key-that-only-the-tests-sign-with"


class Person:
    """Somebody with an e-mail address, a password and perhaps a token."""

    def __init__(self, api, email, user, password=PASSWORD):
        self.api, self.email, self.user, self.password = api, email, user, password
        self.token = None

    def sign_in(self):
        answer = self.api.post("/api/v1/tokens", headers=self.basic)
        assert answer.status_code == 201, answer.json
        self.token = answer.json["token"]
        return self

    @property
    def basic(self):
        pair = base64.b64encode(f"{self.email}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    @property
    def bearer(self):
        return {"Authorization": f"Bearer {self.token}"}

    def ask(self, method, path, body=None, **headers):
        return self.api.open(
            f"/api/v1{path}", method=method, json=body, headers={**self.bearer, **headers}
        )


def passes_on(giver, receiver, booking):
    """A customer offers a booking, and another takes it by the code."""
    offer = giver.ask("POST", f"/bookings/{booking}/transfer")
    assert offer.status_code == 201, offer.json
    answer = receiver.ask("POST", "/transfers", {"code": offer.json["code"]})
    assert answer.status_code == 200, answer.json


# Registering and signing in.


def test_registers_a_customer(api):
    answer = api.post("/api/v1/users", json={"email": " Ada@Example.org ", "password": PASSWORD})

    assert answer.status_code == 201
    assert (answer.json["email"], answer.json["role"]) == ("Ada@Example.org", "customer")
    assert "password" not in answer.text


def test_knows_an_address_without_regard_to_case(api):
    body = {"email": "ada@example.org", "password": PASSWORD}
    assert api.post("/api/v1/users", json=body).status_code == 201

    again = api.post("/api/v1/users", json={**body, "email": "ADA@example.ORG"})

    refused(again, 409, "email_taken")
    Person(api, "Ada@Example.Org", None).sign_in()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("m\u00fcller@example.org", "Mu\u0308LLER@example.org"),
        ("ada@m\u00fcnchen.example", "ada@XN--mnchen-3ya.example"),
        ("ada@wei\u00df.example", "ada@WEI\u1e9e.example"),
    ],
)
def test_knows_one_address_in_any_spelling(api, first, second):
    body = {"email": first, "password": PASSWORD}
    assert api.post("/api/v1/users", json=body).status_code == 201

    refused(api.post("/api/v1/users", json={**body, "email": second}), 409, "email_taken")
    Person(api, second, None).sign_in()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("office@example.org", "of\ufb01ce@example.org"),
        ("ada@weiss.example", "ada@wei\u00df.example"),
        ("strasse@example.org", "stra\u00dfe@example.org"),
    ],
)
def test_takes_nobody_for_somebody_who_is_written_alike(api, first, second):
    ids = {
        api.post("/api/v1/users", json={"email": email, "password": PASSWORD}).json["id"]
        for email in (first, second)
    }

    assert len(ids) == 2
    for email in (first, second):
        mine = Person(api, email, None).sign_in().ask("GET", "/users/me").json
        assert mine["email"] == email


@pytest.mark.parametrize(
    "email",
    ["ad\u200ba@example.org", "ada@exam\u00adple.org", '"a:b"@example.org', "\u202ea@b.org"],
)
def test_says_why_an_address_can_not_be_registered(api, db, email):
    answer = api.post("/api/v1/users", json={"email": email, "password": PASSWORD})

    refused(answer, 400, "bad_request")
    assert len(answer.json["errors"]["email"][0]) > 10, answer.json
    assert db.users.count_documents({}) == 0


@pytest.mark.parametrize("name", ["", "ada", "@", "ada@\u200b", "a" * 5000, "x@" + "y" * 300])
def test_signs_nobody_in_by_what_is_no_address(api, name):
    nobody = Person(api, name, None)

    refused(api.post("/api/v1/tokens", headers=nobody.basic), 401, "unauthorized")


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ada@example.org"},
        {"password": PASSWORD},
        {"email": "ada", "password": PASSWORD},
        {"email": "a" * 250 + "@b.org", "password": PASSWORD},
        {"email": {"$gt": ""}, "password": PASSWORD},
        {"email": "ada@example.org", "password": {"$ne": None}},
        {"email": "ada@example.org", "password": "too short"},
        {"email": "ada@example.org", "password": "x" * 257},
        {"email": "ada@example.org", "password": None},
        {"email": "ada@example.org", "password": PASSWORD, "role": "admin"},
        {"email": "ada@example.org\x00", "password": PASSWORD},
    ],
)
def test_registers_nobody_who_makes_no_sense(api, db, body):
    refused(api.post("/api/v1/users", json=body), 400, "bad_request")
    assert db.users.count_documents({}) == 0


def test_exchanges_a_password_for_a_token(api, person):
    ada = person("ada")

    claims = jwt.decode(ada.token, KEY, algorithms=["HS256"], audience=AUDIENCE)

    assert claims.keys() == {"sub", "role", "iat", "nbf", "exp", "iss", "aud", "jti", "gen"}
    assert (claims["sub"], claims["role"]) == (ada.user.id, "customer")
    assert claims["exp"] - claims["iat"] == 3600
    answer = api.post("/api/v1/tokens", headers=ada.basic)
    assert (answer.json["tokenType"], answer.json["expiresIn"]) == ("Bearer", 3600)
    assert answer.headers["Cache-Control"] == "no-store"
    refused(api.post("/api/v1/tokens", headers=ada.bearer), 401, "unauthorized")


def test_takes_basic_and_bearer_on_every_route(api, person):
    ada = person("ada")

    for headers in (ada.basic, ada.bearer):
        assert api.get("/api/v1/users/me", headers=headers).json["email"] == ada.email


def test_answers_a_wrong_password_and_an_unknown_address_alike(api, person):
    ada = person("ada")
    wrong, unknown = (
        Person(api, ada.email, None, "not the password"),
        Person(api, "nobody@example.org", None),
    )

    first, second = (api.post("/api/v1/tokens", headers=p.basic) for p in (wrong, unknown))

    refused(first, 401, "unauthorized")
    assert first.data == second.data


def test_takes_as_long_for_an_unknown_address_as_for_a_wrong_password(db, checks):
    """Both pay for one hash, and it has the same parameters."""
    user = people.register(db, QUICK, "ada@example.org", PASSWORD, datetime.now(UTC))

    for email in (user.email, "nobody@example.org"):
        assert people.authenticate(db, QUICK, email, "not the password") is None

    assert checks == ["not the password"] * 2
    assert extract_parameters(QUICK._nobodys) == extract_parameters(user.password_hash)


def test_makes_a_weak_hash_anew_at_the_next_sign_in(db):
    weak, strong = Passwords(memory_kib=8, passes=1), Passwords(memory_kib=64, passes=2)
    user = people.register(db, weak, "ada@example.org", PASSWORD, datetime.now(UTC))

    assert people.authenticate(db, strong, "ada@example.org", PASSWORD)

    assert not strong.is_outdated(users.find(db, user.id).password_hash)
    assert people.authenticate(db, strong, "ada@example.org", PASSWORD)


def test_puts_no_old_password_back_that_was_changed_while_its_hash_was_made_anew(db, monkeypatch):
    weak, strong = Passwords(memory_kib=8, passes=1), Passwords(memory_kib=64, passes=2)
    user = people.register(db, weak, "ada@example.org", PASSWORD, datetime.now(UTC))
    changed, make = strong.hash("another good password"), strong.hash

    def change_and_hash(password):
        change = AccountChange(password_hash=changed)
        change_account(db, user.id, change, BY_HAND, datetime.now(UTC))
        return make(password)

    monkeypatch.setattr(strong, "hash", change_and_hash)
    people.authenticate(db, strong, "ada@example.org", PASSWORD)

    assert users.find(db, user.id).password_hash == changed


# Tokens that are worth nothing.


def forged(claims=None, key=KEY, algorithm="HS256", without=(), **changes):
    def forge(ada):
        moment = int(time.time())
        good = {
            "sub": ada.user.id, "role": "customer", "iat": moment, "nbf": moment,
            "exp": moment + 600, "iss": ISSUER, "aud": AUDIENCE, "jti": "j1", "gen": 1,
        }  # fmt: skip
        new = {**good, **{k: v(moment) if callable(v) else v for k, v in changes.items()}}
        new = {k: v for k, v in new.items() if k not in without}
        return jwt.encode(new, key, algorithm)

    return forge


def tampered(ada):
    head, body, signature = ada.token.split(".")
    padded = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    body = base64.urlsafe_b64encode(padded.replace(b'"customer"', b'"admin"')).decode()
    return f"{head}.{body.rstrip('=')}.{signature}"


def test_a_token_of_a_host_whose_clock_is_a_little_ahead_is_good_at_once(api, person):
    ahead = forged(nbf=lambda now: now + 20, iat=lambda now: now + 20)(person("ada"))

    answer = api.get("/api/v1/users/me", headers={"Authorization": f"Bearer {ahead}"})

    assert answer.status_code == 200


WORTHLESS = {
    "expired": forged(exp=lambda now: now - 1),
    "not yet valid": forged(nbf=lambda now: now + 60),
    "alg none": forged(key=None, algorithm="none"),
    "another key": forged(key="another-key-that-is-long-enough-to-sign"),
    "another algorithm": forged(key=KEY * 2, algorithm="HS512"),
    "another audience": forged(aud="somebody-else"),
    "another issuer": forged(iss="somebody-else"),
    "empty subject": forged(sub=""),
    "unknown subject": forged(sub="f" * 24),
    "expires never": forged(exp=10**30),
    "expires as text": forged(exp="tomorrow"),
    "older generation": forged(gen=0),
    "no expiry": forged(without=["exp"]),
    "no subject": forged(without=["sub"]),
    "no id": forged(without=["jti"]),
    "no audience": forged(without=["aud"]),
    "tampered with": tampered,
    "cut off": lambda ada: ada.token[:-2],
    "nonsense": lambda ada: "a.b.c",
    "nothing": lambda ada: "",
    "not ascii": lambda ada: "\u00e9",
    "huge": lambda ada: "x" * 7000,
}


def test_takes_a_token_that_is_made_as_ours_are(person):
    ada = person("ada")
    ada.token = forged()(ada)

    assert ada.ask("GET", "/users/me").status_code == 200


@pytest.mark.parametrize("make", [pytest.param(v, id=k) for k, v in WORTHLESS.items()])
def test_takes_no_other_token(person, make):
    ada = person("ada")
    ada.token = make(ada)

    answer = ada.ask("GET", "/users/me")

    refused(answer, 401, "unauthorized")
    assert "Bearer" in answer.headers["WWW-Authenticate"]
    assert "Basic" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Basic YQ==", "Bearer", "Digest a=b", "Basic w6k6w6k=", "x" * 999],
)
def test_takes_no_other_header_also_where_none_is_needed(api, header):
    for path in ("/api/v1/users/me", "/api/v1/events"):
        refused(api.get(path, headers={"Authorization": header}), 401, "unauthorized")


def test_forgets_a_token_that_was_given_back(api, person):
    ada = person("ada")
    other = Person(api, ada.email, ada.user).sign_in()

    assert ada.ask("DELETE", "/tokens/current").status_code == 204

    refused(ada.ask("GET", "/users/me"), 401, "unauthorized")
    assert other.ask("GET", "/users/me").status_code == 200


def test_forgets_all_tokens_with_a_new_password(api, person):
    ada = person("ada")
    body = {"currentPassword": PASSWORD, "password": "another good password"}

    refused(
        ada.ask("PATCH", "/users/me", {**body, "currentPassword": "wrong"}), 403, "wrong_password"
    )
    assert ada.ask("PATCH", "/users/me", body).status_code == 200

    refused(ada.ask("GET", "/users/me"), 401, "unauthorized")
    refused(api.get("/api/v1/users/me", headers=ada.basic), 401, "unauthorized")
    ada.password = body["password"]
    assert ada.sign_in().ask("GET", "/users/me").status_code == 200


def test_forgets_who_was_deactivated(api, admin, person):
    ada = person("ada")

    answer = admin.ask("PATCH", f"/users/{ada.user.id}", {"active": False})

    assert answer.json["active"] is False
    refused(ada.ask("GET", "/users/me"), 401, "unauthorized")
    refused(api.post("/api/v1/tokens", headers=ada.basic), 401, "unauthorized")
    admin.ask("PATCH", f"/users/{ada.user.id}", {"active": True})
    refused(ada.ask("GET", "/users/me"), 401, "unauthorized")
    ada.sign_in()


def test_goes_by_the_role_of_the_moment(admin, person):
    ada = person("ada")
    refused(ada.ask("GET", "/statistics/monthly"), 403, "forbidden")

    admin.ask("PATCH", f"/users/{ada.user.id}", {"role": "staff"})

    assert ada.ask("GET", "/statistics/monthly").status_code == 200


def test_changes_keys_without_signing_anybody_out(api_at, person):
    ada = person("ada")
    new = "a-new-key-that-only-the-tests-sign-with"
    ada.api = api_at(auth="required", secret_keys=(new, KEY))
    assert ada.ask("GET", "/users/me").status_code == 200

    ada.sign_in()
    ada.api = api_at(auth="required", secret_keys=(new,))
    assert ada.ask("GET", "/users/me").status_code == 200


def test_lets_a_token_expire(api_at, db):
    moment = datetime.now(UTC).replace(microsecond=0)
    api = api_at(lambda: moment, auth="required")
    user = people.register(db, QUICK, "ada@example.org", PASSWORD, moment)
    ada = Person(api, "ada@example.org", user).sign_in()

    moment += timedelta(seconds=3599)
    assert ada.ask("GET", "/users/me").status_code == 200
    moment += timedelta(seconds=1)
    refused(ada.ask("GET", "/users/me"), 401, "unauthorized")


# Administrators.


def test_lists_and_changes_users(admin, person):
    for name in ("ada", "grace"):
        person(name)

    page = admin.ask("GET", "/users?limit=2").json
    rest = admin.ask("GET", f"/users?limit=2&cursor={page['next']}").json

    emails = [user["email"] for user in page["items"] + rest["items"]]
    assert sorted(emails) == ["ada@example.org", "admin@example.org", "grace@example.org"]
    refused(admin.ask("PATCH", "/users/unknown", {"active": False}), 404, "user_not_found")
    for body in ({}, {"role": "king"}, {"active": 1}, {"active": None}, {"email": "x@y.org"}):
        refused(admin.ask("PATCH", f"/users/{admin.user.id}", body), 400, "bad_request")


def test_keeps_the_last_administrator(admin, person):
    for body in ({"active": False}, {"role": "staff"}):
        refused(admin.ask("PATCH", f"/users/{admin.user.id}", body), 409, "last_admin")

    second = person("second", Role.ADMIN)
    assert second.ask("PATCH", f"/users/{admin.user.id}", {"role": "staff"}).status_code == 200


def test_keeps_one_of_two_administrators_who_demote_each_other(admin, person, db):
    """Both see the other one at the same moment; over and over, since only a race would show it."""
    second = person("second", Role.ADMIN)

    def demote(pair):
        by, whom = pair
        return by.ask("PATCH", f"/users/{whom.user.id}", {"role": "staff"})

    for _ in range(8):
        db.users.update_many({}, {"$set": {"role": "admin"}})
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(demote, [(admin, second), (second, admin)]))
        assert db.users.count_documents({"role": "admin"}) == 1
        assert sorted(a.status_code for a in answers) in ([200, 403], [200, 409])


# Customers and their bookings.


def book(person, event, **wish):
    return person.ask("POST", f"/events/{event['id']}/bookings", wish)


def test_books_for_who_has_signed_in(person, event):
    ada = person("ada")

    answer = book(ada, event)

    assert (answer.status_code, answer.json["customer"]) == (201, ada.email)
    refused(book(ada, event, customer="ADA@example.org"), 409, "already_booked")
    refused(book(ada, event, customer="grace"), 403, "forbidden")


def test_shows_and_changes_nobody_elses_bookings(person, event, staff):
    ada, mallory = person("ada"), person("mallory")
    booking = book(ada, event, nTickets=2).json
    path = f"/bookings/{booking['id']}"

    refused(mallory.ask("GET", path), 404, "booking_not_found")
    refused(mallory.ask("DELETE", path), 404, "booking_not_found")
    refused(mallory.ask("PATCH", path, {"nTickets": 1}), 404, "booking_not_found")
    refused(mallory.ask("POST", f"{path}/transfer", {"to": "x"}), 404, "booking_not_found")
    assert mallory.ask("GET", "/bookings").json["items"] == []
    refused(mallory.ask("GET", f"/bookings?customer={ada.email}"), 403, "forbidden")

    assert ada.ask("GET", path).json == but_head(booking)
    assert [b["id"] for b in ada.ask("GET", "/bookings").json["items"]] == [booking["id"]]
    assert staff.ask("GET", path).status_code == 200


def test_knows_a_user_by_whatever_name_staff_gives(person, event, staff):
    ada = person("ada")

    answer = book(staff, event, customer="ADA@Example.org")

    assert answer.json["customer"] == ada.user.email
    assert ada.ask("GET", f"/bookings/{answer.json['id']}").json == but_head(answer.json)
    for name in ("ada@EXAMPLE.org", ada.user.id, answer.json["customerId"]):
        assert staff.ask("GET", f"/bookings?customer={name}").json["items"] == [
            but_head(answer.json)
        ]
    refused(book(staff, event, customer=ada.user.id), 409, "already_booked")
    refused(book(ada, event), 409, "already_booked")


def test_an_account_has_what_was_booked_for_its_address(person, event, staff):
    """One person is one customer, whoever names them, before and after there is an account."""
    booking = book(staff, event, customer="Ada@example.org").json

    ada = person("ada")

    assert ada.ask("GET", f"/bookings/{booking['id']}").json == but_head(booking)
    refused(book(ada, event), 409, "already_booked")
    refused(book(staff, event, customer="ada@example.org"), 409, "already_booked")
    assert staff.ask("GET", "/bookings?customer=ADA@example.org").json["items"] == [
        but_head(booking)
    ]


def test_passes_a_booking_on_to_another_user(person, event):
    ada, grace = person("ada"), person("grace")
    booking = book(ada, event).json
    path = f"/bookings/{booking['id']}"

    passes_on(ada, grace, booking["id"])

    refused(ada.ask("GET", path), 404, "booking_not_found")
    assert grace.ask("GET", path).status_code == 200


def test_books_by_the_briefs_actions_for_who_has_signed_in(api, person, event):
    ada = person("ada")
    body = {"event_id": event["id"]}

    assert api.post("/book", json=body, headers=ada.bearer).status_code == 201
    answer = api.post("/cancel", json={**body, "user": "grace"}, headers=ada.bearer)
    assert refused(answer, 403, "forbidden")["error"] is True
    assert api.post("/api/events/cancel", json=body, headers=ada.bearer).status_code == 200


def test_says_in_the_trail_who_it_was(admin, person, event):
    ada = person("ada")
    book(ada, event)

    trail = admin.ask("GET", f"/events/{event['id']}/audit").json["items"]

    assert [entry["actor"] for entry in trail] == [admin.user.id, ada.user.id]


def test_says_whether_the_customer_or_staff_has_cancelled(api, person, staff, admin, event):
    ada, body = person("ada"), {"event_id": event["id"]}

    def why(cancel):
        booking = book(ada, event).json
        answer = cancel(f"/bookings/{booking['id']}")
        assert answer.status_code == 200, answer.json
        return ada.ask("GET", f"/bookings/{booking['id']}").json["reason"]

    assert why(lambda path: ada.ask("DELETE", path)) == "customer"
    assert why(lambda _: api.post("/cancel", json=body, headers=ada.bearer)) == "customer"
    assert why(lambda path: staff.ask("DELETE", path)) == "staff"
    assert why(lambda path: admin.ask("DELETE", path)) == "staff"
    named = {**body, "user": ada.email}
    assert why(lambda _: api.post("/cancel", json=named, headers=staff.bearer)) == "staff"
    off = f"/events/{event['id']}/cancellation"
    assert why(lambda _: admin.ask("POST", off)) == "called_off"


def test_takes_who_got_a_booking_for_its_customer(person, event):
    ada, grace = person("ada"), person("grace")
    path = f"/bookings/{book(ada, event).json['id']}"
    passes_on(ada, grace, path.rpartition("/")[2])

    assert grace.ask("DELETE", path).json["reason"] == "customer"


def test_tells_staff_alone_who_is_owed_what(person, staff, admin, event):
    ada = person("ada")
    booking = book(ada, event).json
    path = f"/events/{event['id']}/cancellation"
    admin.ask("POST", path)

    refused(ada.ask("GET", path), 403, "forbidden")
    (row,) = staff.ask("GET", path).json["items"]
    assert (row["booking"], row["customer"]) == (booking["id"], ada.email)


def test_tells_no_customer_who_got_their_tickets(api, admin, person, staff):
    event = admin.ask("POST", "/events", {**GALA, "capacity": 1}).json
    ada, grace, linus = (person(name) for name in ("ada", "grace", "linus"))
    first = book(ada, event).json
    second = book(grace, event).json
    third = book(linus, event).json

    answer = ada.ask("DELETE", f"/bookings/{first['id']}")
    assert answer.json["assigned"] == [{"id": second["id"], "customer": None, "nTickets": 1}]

    body = {"eventId": event["id"]}
    answer = api.post("/api/events/cancel", json=body, headers=grace.bearer)
    assert linus.email not in answer.text
    assert answer.json["assignedTo"] == third["id"]

    book(grace, event)
    answer = staff.ask("DELETE", f"/bookings/{third['id']}")
    assert answer.json["assigned"][0]["customer"] == grace.email


def test_keeps_one_callers_keys_from_another(person, event):
    ada, grace = person("ada"), person("grace")
    path, key = f"/events/{event['id']}/bookings", {"Idempotency-Key": "the-same"}

    first, second = (p.ask("POST", path, {}, **key) for p in (ada, grace))

    assert first.json["customer"] != second.json["customer"]
    assert "Idempotency-Replayed" not in second.headers


def test_shows_revenue_to_staff_only(api, event, staff):
    path = f"/api/v1/events/{event['id']}"

    assert "revenue" not in api.get(path).json
    assert "revenue" not in api.get("/api/v1/events").json["items"][0]
    assert "revenue" in staff.ask("GET", f"/events/{event['id']}").json
    assert "revenue" in staff.ask("GET", "/events").json["items"][0]
    assert "Authorization" in api.get(path).headers["Vary"]


# Every route.


ANYBODY = {
    ("GET", "/livez"), ("GET", "/readyz"), ("GET", "/api/v1/events"),
    ("GET", "/api/v1/events/<id>"), ("GET", "/api/v1/events/<id>/status"),
    ("GET", "/status/<id>"), ("GET", "/api/events/status/<id>"),
    ("POST", "/api/v1/users"), ("POST", "/api/v1/tokens"),
    ("POST", "/api/v1/verifications/<id>"),
    ("POST", "/api/v1/password-resets"), ("POST", "/api/v1/password-resets/<id>"),
}  # fmt: skip


# Who may see which page is for `tests/web`.
OF_THE_API = re.compile(r"/(api/.*|initialize|book|cancel|status/<id>|livez|readyz|metrics)")


def routes(api):
    for rule in api.application.url_map.iter_rules():
        if not OF_THE_API.fullmatch(rule.rule):
            continue
        view = api.application.view_functions[rule.endpoint]
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield method, rule.rule, view


def test_every_route_says_who_may_call_it_and_how_often(api):
    checked = 0
    for method, rule, view in routes(api):
        access = getattr(view, "access", None)
        assert access is not None, (method, rule)
        assert (access.role is Role.ANYBODY) == ((method, rule) in ANYBODY), (method, rule)
        assert (access.rate is None) == (rule in ("/livez", "/readyz")), (method, rule)
        checked += 1
    assert checked > 30


def test_no_route_but_the_public_ones_answers_without_credentials(api):
    for method, rule, _ in routes(api):
        if (method, rule) in ANYBODY:
            continue
        answer = api.open(rule.replace("<id>", "x"), method=method, data="nonsense")
        refused(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"]


def test_no_route_lets_a_lesser_role_in(api, person, staff, admin):
    people_by_role = {Role.CUSTOMER: person("ada"), Role.STAFF: staff}
    for method, rule, view in routes(api):
        for role, somebody in people_by_role.items():
            if role < view.access.role:
                path = rule.replace("<id>", "x")
                answer = api.open(path, method=method, headers=somebody.bearer)
                refused(answer, 403, "forbidden")


# Whoever is deactivated leaves the waiting lists.


@pytest.fixture
def sold_out(admin):
    """An event with its only ticket sold over the counter, and how to give that back."""
    event = admin.ask("POST", "/events", {**GALA, "capacity": 1}).json
    sale = admin.ask("POST", "/transactions", {"event": event["id"], "nTickets": 1}).json
    event["give_back"] = lambda: admin.ask("DELETE", f"/transactions/{sale['id']}").json
    return event


def wait_for(event, who):
    answer = who.ask("POST", f"/events/{event['id']}/bookings", {})
    assert answer.status_code == 202, answer.json
    return answer.json


def deactivate(admin, who):
    answer = admin.ask("PATCH", f"/users/{who.user.id}", {"active": False})
    assert answer.status_code == 200, answer.json


def entries(admin, event, **query):
    answer = admin.ask("GET", f"/events/{event['id']}/audit?{urlencode(query)}")
    assert answer.status_code == 200, answer.json
    return [(entry["action"], entry["actor"]) for entry in answer.json["items"]]


def test_who_is_deactivated_leaves_the_waiting_list(admin, person, sold_out):
    ada, grace = person("ada"), person("grace")
    hers, next_ones = wait_for(sold_out, ada), wait_for(sold_out, grace)

    deactivate(admin, ada)

    assert admin.ask("GET", f"/bookings/{hers['id']}").json["status"] == "cancelled"
    assert entries(admin, sold_out, booking=hers["id"])[-1] == ("cancelled", admin.user.id)
    assert [b["id"] for b in sold_out["give_back"]()["assigned"]] == [next_ones["id"]]


def test_who_is_deactivated_keeps_what_is_confirmed(admin, event, person):
    ada = person("ada")
    held = ada.ask("POST", f"/events/{event['id']}/bookings", {}).json

    deactivate(admin, ada)

    assert admin.ask("GET", f"/bookings/{held['id']}").json["status"] == "confirmed"


def test_who_is_active_again_is_on_no_list(admin, person, sold_out):
    ada = person("ada")
    hers = wait_for(sold_out, ada)

    deactivate(admin, ada)
    admin.ask("PATCH", f"/users/{ada.user.id}", {"active": True})

    assert admin.ask("GET", f"/bookings/{hers['id']}").json["status"] == "cancelled"
    wait_for(sold_out, ada.sign_in())


def crash_after_deactivating(db, who):
    change_account(db, who.user.id, AccountChange(active=False), BY_HAND, datetime.now(UTC))


def test_serves_nobody_who_was_deactivated_though_the_rest_was_cut_short(
    db, admin, person, sold_out
):
    ada, grace = person("ada"), person("grace")
    hers, next_ones = wait_for(sold_out, ada), wait_for(sold_out, grace)
    crash_after_deactivating(db, ada)

    assert [b["id"] for b in sold_out["give_back"]()["assigned"]] == [next_ones["id"]]

    assert entries(admin, sold_out, booking=hers["id"])[-1] == ("cancelled", "office")


def test_the_sweeper_goes_on_where_deactivating_was_cut_short(db, handler, admin, person, sold_out):
    ada = person("ada")
    hers = wait_for(sold_out, ada)
    crash_after_deactivating(db, ada)

    recover(db, handler)

    assert admin.ask("GET", f"/bookings/{hers['id']}").json["status"] == "cancelled"


def test_is_forgotten_by_the_sweeper_once_no_request_can_be_under_way(db, handler, person):
    ada = person("ada")
    crash_after_deactivating(db, ada)
    recover(db, handler)
    assert [user.id for user in users.leaving(db, 10)] == [ada.user.id]

    long_ago = datetime.now(UTC) - timedelta(minutes=2)
    db.users.update_one({"_id": ada.user.id}, {"$set": {"leaving": long_ago}})
    recover(db, handler)

    assert users.leaving(db, 10) == []


def test_being_active_again_gives_no_place_back_that_was_left_over(db, admin, person, sold_out):
    ada = person("ada")
    hers = wait_for(sold_out, ada)
    crash_after_deactivating(db, ada)

    admin.ask("PATCH", f"/users/{ada.user.id}", {"active": True})

    assert admin.ask("GET", f"/bookings/{hers['id']}").json["status"] == "cancelled"
    assert users.leaving(db, 10) == []


def test_the_sweeper_takes_no_new_place_of_somebody_who_is_active_again(
    db, handler, admin, person, sold_out
):
    ada = person("ada")
    deactivate(admin, ada)
    gone = users.find(db, ada.user.id)
    admin.ask("PATCH", f"/users/{ada.user.id}", {"active": True})
    new = wait_for(sold_out, ada.sign_in())

    assert leave_lists(db, handler, gone, Caller("office", "r1"))

    assert admin.ask("GET", f"/bookings/{new['id']}").json["status"] == "waiting"


def test_serves_nobody_once_a_deactivation_was_answered(admin, person, sold_out):
    """Tickets come free one by one while people are deactivated: who is served was active then."""
    people_waiting = [person(f"p{number}") for number in range(8)]
    places = {wait_for(sold_out, who)["id"]: who for who in people_waiting}
    answered = {}

    def deactivate_one(who):
        deactivate(admin, who)
        answered[who.user.id] = len(entries(admin, sold_out, limit=100))

    def free():
        for capacity in range(2, 6):
            admin.ask("PATCH", f"/events/{sold_out['id']}", {"capacity": capacity})

    with ThreadPoolExecutor(6) as pool:
        freeing = pool.submit(free)
        list(pool.map(deactivate_one, people_waiting[1::2]))
        freeing.result()

    trail = admin.ask("GET", f"/events/{sold_out['id']}/audit?limit=100").json["items"]
    for entry in trail:
        if entry["action"] == "assigned":
            served = places[entry["booking"]].user.id
            assert entry["sequence"] <= answered.get(served, len(trail))


@pytest.mark.parametrize("name", ["id", "address"])
def test_staff_gives_nothing_to_who_is_deactivated(admin, staff, person, event, name):
    ada, grace = person("ada"), person("grace")
    held = grace.ask("POST", f"/events/{event['id']}/bookings", {}).json
    deactivate(admin, ada)
    named = ada.user.id if name == "id" else ada.email.upper()

    book = staff.ask("POST", f"/events/{event['id']}/bookings", {"customer": named})
    refused(book, 409, "account_deactivated")
    pass_on = staff.ask("POST", f"/bookings/{held['id']}/transfer", {"to": named})
    refused(pass_on, 409, "account_deactivated")


# A customer's audit entries, whatever they are called.


@pytest.mark.parametrize(
    "spell",
    [
        lambda who: who.user.id,
        lambda who: who.user.id.upper(),
        lambda who: who.email,
        lambda who: who.email.upper(),
        lambda who: f"  {who.email.title()} ",
    ],
    ids=["id", "ID", "address", "ADDRESS", "Address"],
)
def test_finds_the_entries_of_a_registered_customer(admin, person, event, spell):
    ada, grace = person("ada"), person("grace")
    hers = ada.ask("POST", f"/events/{event['id']}/bookings", {"nTickets": 2}).json
    grace.ask("POST", f"/events/{event['id']}/bookings", {})
    ada.ask("PATCH", f"/bookings/{hers['id']}", {"nTickets": 1})

    found = entries(admin, event, customer=spell(ada))

    assert [action for action, _ in found] == ["booked", "reduced"]


def test_finds_what_a_customer_has_passed_on(admin, person, event):
    ada, grace = person("ada"), person("grace")
    hers = ada.ask("POST", f"/events/{event['id']}/bookings", {}).json
    passes_on(ada, grace, hers["id"])
    admin.ask("POST", f"/bookings/{hers['id']}/transfer", {"to": "Linus"})

    def actions(**query):
        return [action for action, _ in entries(admin, event, **query)]

    assert actions(customer=ada.email) == ["booked", "offered", "transferred"]
    assert actions(customer=grace.email) == ["transferred", "transferred"]
    assert actions(customer="linus") == []
    assert actions(customer="Linus") == ["transferred"]
    assert actions(customer=ada.email, booking=hers["id"]) == ["booked", "offered", "transferred"]


def test_pages_through_a_customers_entries_on_both_sides(admin, event):
    """Given away and come by: in the order of the sequence, none left out, none twice."""
    path = f"/events/{event['id']}/bookings"
    held = admin.ask("POST", path, {"customer": "ada"}).json
    for _ in range(5):
        for to in ("grace", "ada"):
            admin.ask("POST", f"/bookings/{held['id']}/transfer", {"to": to})

    seen, cursor = [], None
    while True:
        query = urlencode({"customer": "ada", "limit": 3, **({"cursor": cursor} if cursor else {})})
        page = admin.ask("GET", f"/events/{event['id']}/audit?{query}").json
        seen += [entry["sequence"] for entry in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert seen == list(range(2, 13))

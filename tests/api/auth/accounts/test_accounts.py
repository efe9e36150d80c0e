"""Accounts: whose address they have, their passwords, and what is done to them."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher

from tests.api.auth.accounts.test_users import GALA, OF_THE_API, PASSWORD, Person
from tests.api.conftest import refused
from tests.conftest import QUICK
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people
from ticketing.storage.accounts import users

UMLAUTS = "g\u00fcnstige pl\u00e4tze f\u00fcr alle"


@pytest.fixture
def newcomer(api):
    """Somebody who has registered by themselves."""
    body = {"email": "new@example.org", "password": PASSWORD}
    answer = api.post("/api/v1/users", json=body)
    assert answer.status_code == 201, answer.json
    return Person(api, body["email"], answer.json).sign_in()


def change(who, user_id, **body):
    return who.ask("PATCH", f"/users/{user_id}", body)


# Verified addresses.


def test_who_registers_can_sign_in_and_do_nothing_else(api, newcomer, admin):
    event = admin.ask("POST", "/events", GALA).json["id"]
    mine = newcomer.ask("GET", "/users/me").json
    assert mine["verified"] is False
    assert api.post("/api/v1/tokens", headers=newcomer.basic).status_code == 201

    asked = [
        newcomer.ask("POST", f"/events/{event}/bookings", {}),
        newcomer.ask("GET", "/bookings"),
        newcomer.ask("GET", "/bookings/x"),
        newcomer.ask("PATCH", "/bookings/x", {"nTickets": 1}),
        newcomer.ask("DELETE", "/bookings/x"),
        newcomer.ask("POST", "/bookings/x/transfer", {"to": "ada@example.org"}),
        *(
            api.post(f"{place}/{action}", json={"event_id": event}, headers=newcomer.bearer)
            for place in ("", "/api/events")
            for action in ("book", "cancel")
        ),
    ]

    for answer in asked:
        refused(answer, 403, "address_unverified")
    refused(newcomer.ask("GET", "/statistics/monthly"), 403, "forbidden")
    assert newcomer.ask("GET", f"/events/{event}").status_code == 200


def test_no_route_of_customers_but_their_account_lets_the_unverified_in(api, newcomer):
    let_in = set()
    for rule in api.application.url_map.iter_rules():
        access = getattr(api.application.view_functions[rule.endpoint], "access", None)
        if access is None or access.role is not Role.CUSTOMER:
            continue
        if not OF_THE_API.fullmatch(rule.rule):
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            path = rule.rule.replace("<id>", "x")
            headers = newcomer.sign_in().bearer
            answer = api.open(path, method=method, headers=headers, data="nonsense")
            if answer.status_code == 403:
                refused(answer, 403, "address_unverified")
            else:
                let_in.add((method, rule.rule))
    assert let_in == {
        ("GET", "/api/v1/users/me"),
        ("PATCH", "/api/v1/users/me"),
        ("DELETE", "/api/v1/tokens/current"),
        ("GET", "/api/v1/users/me/sessions"),
        ("DELETE", "/api/v1/users/me/sessions/<id>"),
    }


def test_staff_says_at_the_counter_that_an_address_is_theirs(newcomer, staff, admin):
    event = admin.ask("POST", "/events", GALA).json["id"]

    (found,) = staff.ask("GET", "/users?email=NEW@example.org").json["items"]
    answer = change(staff, found["id"], verified=True)

    assert (answer.status_code, answer.json["verified"]) == (200, True)
    assert newcomer.ask("POST", f"/events/{event}/bookings", {}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"verified": False},
        {"verified": True, "role": "admin"},
        {"verified": True, "active": False},
        {"role": "admin"},
        {"active": False},
        {"password": "another good password"},
        {"verified": True, "password": "another good password"},
    ],
)
def test_staff_says_nothing_else_of_anybody(newcomer, staff, db, body):
    id_ = newcomer.user["id"]
    before = users.find(db, id_)

    refused(change(staff, id_, **body), 403, "forbidden")

    assert users.find(db, id_) == before


def test_a_customer_says_so_of_nobody(newcomer, person):
    for who in (newcomer, person("ada")):
        refused(change(who, newcomer.user["id"], verified=True), 403, "forbidden")


def test_an_administrator_takes_it_back(newcomer, admin):
    change(admin, newcomer.user["id"], verified=True)
    assert newcomer.ask("GET", "/bookings").status_code == 200

    change(admin, newcomer.user["id"], verified=False)

    refused(newcomer.ask("GET", "/bookings"), 403, "address_unverified")


def test_staff_whose_address_is_not_verified_serves_others_alone(person, admin):
    event = admin.ask("POST", "/events", GALA).json["id"]
    staff = person("staff", Role.STAFF, verified=False)

    refused(staff.ask("POST", f"/events/{event}/bookings", {}), 403, "address_unverified")
    for_ada = {"customer": "ada@example.org"}
    assert staff.ask("POST", f"/events/{event}/bookings", for_ada).status_code == 201


def test_in_open_mode_nobody_has_to_prove_anything(api_at):
    api = api_at()
    body = {"email": "new@example.org", "password": PASSWORD}

    assert api.post("/api/v1/users", json=body).json["verified"] is True


# Finding accounts.


@pytest.mark.parametrize(
    "email", ["ada@m%C3%BCnchen.example", "ADA@xn--mnchen-3ya.example", "nobody@example.org"]
)
def test_finds_an_account_by_its_address(api, db, staff, admin, email):
    mine = "ada@m\u00fcnchen.example"
    people.register(db, QUICK, mine, PASSWORD, datetime.now(UTC))

    for who in (staff, admin):
        found = who.ask("GET", f"/users?email={email}").json["items"]
        assert [user["email"] for user in found] == ([] if "nobody" in email else [mine])


def test_lists_accounts_for_administrators_and_finds_them_for_staff(staff, admin, person):
    assert len(admin.ask("GET", "/users").json["items"]) == 2
    refused(staff.ask("GET", "/users"), 403, "forbidden")
    refused(person("ada").ask("GET", "/users?email=ada@example.org"), 403, "forbidden")


def test_says_what_is_no_address_to_look_for(staff):
    problem = refused(staff.ask("GET", "/users?email=ada"), 400, "bad_request")
    assert "no @" in problem["errors"]["email"][0]


# Passwords.


@pytest.mark.parametrize(
    "password", ["password1234", "new@example.org", "NEW@example.org!", "aaaaaaaaaaaaaaa"]
)
def test_refuses_a_password_that_is_soon_guessed_wherever_one_is_set(api, db, admin, password):
    body = {"email": "new@example.org", "password": password}
    reasons = [refused(api.post("/api/v1/users", json=body), 400, "bad_request")["errors"]]
    assert db.users.count_documents({}) == 1

    user = people.register(db, QUICK, body["email"], PASSWORD, datetime.now(UTC))
    mine = Person(api, body["email"], user).sign_in()
    own = {"currentPassword": PASSWORD, "password": password}
    for answer in (change(admin, user.id, password=password), mine.ask("PATCH", "/users/me", own)):
        reasons.append(refused(answer, 400, "bad_request")["errors"])

    assert all("Too easy to guess" in errors["password"][0] for errors in reasons)
    mine.sign_in()


def test_is_one_password_on_every_keyboard(api, db):
    composed = unicodedata.normalize("NFC", UMLAUTS)
    decomposed = unicodedata.normalize("NFD", UMLAUTS)
    for number, (first, second) in enumerate(((composed, decomposed), (decomposed, composed))):
        email = f"{number}@example.org"
        body = {"email": email, "password": first}
        assert api.post("/api/v1/users", json=body).status_code == 201
        Person(api, email, None, second).sign_in()
        Person(api, email, None, second.replace(" ", "\u00a0")).sign_in()


def test_takes_a_password_that_was_hashed_as_it_was_given(api, db):
    """Hashes of before; the first sign-in makes them good for every keyboard."""
    decomposed = unicodedata.normalize("NFD", UMLAUTS)
    user = people.register(db, QUICK, "ada@example.org", PASSWORD, datetime.now(UTC))
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    of_before = {"password_hash": cheap.hash(decomposed)}
    db.users.update_one({"_id": user.id}, {"$set": of_before})
    composed = Person(api, user.email, user, unicodedata.normalize("NFC", UMLAUTS))
    refused(api.post("/api/v1/tokens", headers=composed.basic), 401, "unauthorized")

    Person(api, user.email, user, decomposed).sign_in()

    composed.sign_in()


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.STAFF, Role.ADMIN])
def test_who_changes_their_own_password_has_to_know_it(person, role):
    mine = person("ada", role)
    new = {"password": "another good password"}

    for path in ["/users/me", *([f"/users/{mine.user.id}"] if role is Role.ADMIN else [])]:
        problem = refused(mine.ask("PATCH", path, new), 400, "bad_request")
        assert list(problem["errors"]) == ["currentPassword"]
        wrong = {**new, "currentPassword": "a wrong guess"}
        refused(mine.ask("PATCH", path, wrong), 403, "wrong_password")
        right = {**new, "currentPassword": mine.password}
        assert mine.ask("PATCH", path, right).status_code == 200
        mine.password, new = new["password"], {"password": "a third good password"}
        mine.sign_in()


def test_an_administrator_sets_the_password_of_somebody_else(admin, person):
    ada = person("ada")

    assert change(admin, ada.user.id, password="another good password").status_code == 200

    ada.password = "another good password"
    ada.sign_in()


def test_takes_the_current_password_with_a_new_one_alone(admin):
    refused(change(admin, admin.user.id, currentPassword=PASSWORD), 400, "bad_request")


# What has been done to an account.


def audit(admin, user_id, **query):
    answer = admin.ask("GET", f"/users/{user_id}/audit?{urlencode(query)}")
    assert answer.status_code == 200, answer.json
    return answer.json


def test_tells_who_did_what_to_an_account_and_in_which_request(newcomer, staff, admin):
    id_ = newcomer.user["id"]
    own = {"currentPassword": PASSWORD, "password": "another good password"}
    staff.ask("PATCH", f"/users/{id_}", {"verified": True}, **{"X-Request-ID": "counter-7"})
    newcomer.ask("PATCH", "/users/me", own)
    change(admin, id_, role="staff", active=False)

    entries = audit(admin, id_)["items"]

    assert [entry["sequence"] for entry in entries] == [1, 2, 3, 4]
    assert [(entry["action"], entry["actor"]) for entry in entries] == [
        ("registered", id_), ("changed", staff.user.id), ("changed", id_),
        ("changed", admin.user.id),
    ]  # fmt: skip
    assert entries[0]["changes"] == {
        "email": [None, "new@example.org"],
        "role": [None, "customer"],
        "active": [None, True],
        "verified": [None, False],
    }
    assert [entry["changes"] for entry in entries[1:]] == [
        {"verified": [False, True]},
        {"password": [None, None]},
        {"role": ["customer", "staff"], "active": [True, False]},
    ]
    assert entries[1]["requestId"] == "counter-7"


def test_lists_the_audit_of_an_account_in_parts(newcomer, admin):
    id_ = newcomer.user["id"]
    for verified in (True, False, True):
        change(admin, id_, verified=verified)

    first = audit(admin, id_, limit=3)
    second = audit(admin, id_, limit=3, cursor=first["next"])

    assert [entry["sequence"] for entry in first["items"] + second["items"]] == [1, 2, 3, 4]
    assert second["next"] is None


def test_writes_nothing_where_a_change_changes_nothing(newcomer, admin):
    id_ = newcomer.user["id"]

    assert change(admin, id_, role="customer", active=True).status_code == 200
    refused(change(admin, admin.user.id, active=False), 409, "last_admin")

    assert [len(audit(admin, who)["items"]) for who in (id_, admin.user.id)] == [1, 1]


def test_shows_what_was_done_to_accounts_to_administrators_alone(newcomer, staff, admin):
    refused(staff.ask("GET", f"/users/{newcomer.user['id']}/audit"), 403, "forbidden")
    refused(admin.ask("GET", "/users/nobody/audit"), 404, "user_not_found")


def test_loses_no_change_of_many_at_once(db, person, admin):
    """Each change of a role is an entry, whoever came first."""
    ada = person("ada")
    names = ["staff", "admin", "customer"] * 4

    def give(role):
        mine = Person(admin.api.application.test_client(), admin.email, admin.user)
        mine.token = admin.token
        return change(mine, ada.user.id, role=role).status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(give, names)) == {200}

    told = [entry["changes"]["role"] for entry in audit(admin, ada.user.id)["items"]]
    assert [old for old, _ in told[1:]] == [new for _, new in told[:-1]]
    assert told[-1][1] == users.find(db, ada.user.id).role.word


# Where one is signed in.


def where(who):
    answer = who.ask("GET", "/users/me/sessions")
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def test_tells_where_one_is_signed_in_and_nobody_else(api, person):
    ada, grace = person("ada"), person("grace")
    agent = {"User-Agent": "a phone " + "x" * 500, **ada.basic}
    api.post("/api/v1/tokens", headers=agent)

    first, second = where(ada)

    assert second["agent"].startswith("a phone ")
    assert len(second["agent"]) == 200
    assert {first["address"], second["address"]} == {"127.0.0.1"}
    assert first["createdAt"] <= second["createdAt"] < second["expiresAt"]
    assert len(where(grace)) == 1


def test_ends_a_session_from_elsewhere(api, person):
    ada = person("ada")
    lost = Person(api, ada.email, ada.user).sign_in()
    _, theirs = where(ada)

    assert ada.ask("DELETE", f"/users/me/sessions/{theirs['id']}").status_code == 204

    refused(lost.ask("GET", "/users/me"), 401, "unauthorized")
    again = ada.ask("DELETE", f"/users/me/sessions/{theirs['id']}")
    refused(again, 404, "session_not_found")
    assert len(where(ada)) == 1


def test_ends_nobody_elses_session(person):
    ada, grace = person("ada"), person("grace")
    (hers,) = where(grace)

    refused(ada.ask("DELETE", f"/users/me/sessions/{hers['id']}"), 404, "session_not_found")

    assert where(grace) == [hers]


def test_lists_no_session_that_is_over(api, person):
    ada = person("ada")
    gone = Person(api, ada.email, ada.user).sign_in()
    gone.ask("DELETE", "/tokens/current")
    assert len(where(ada)) == 1

    new = {"currentPassword": PASSWORD, "password": "another good password"}
    ada.ask("PATCH", "/users/me", new)
    ada.password = new["password"]

    assert len(where(ada.sign_in())) == 1

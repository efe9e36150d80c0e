"""An administrator's second factor: codes beside the password, each good once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import limits
import pyotp
import pytest
from structlog.testing import capture_logs

from tests.api.auth.accounts.test_leaving import found_in
from tests.api.auth.accounts.test_users import GALA, PASSWORD, Person
from tests.api.conftest import refused
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role
from ticketing.services.accounts.erasure import erase
from ticketing.storage.accounts.users import find

FACTOR = "/users/me/second-factor"
ONE, OTHER = "a-key-that-only-the-tests-sign-with", "another-key-that-only-the-tests-have"


@pytest.fixture
def clock():
    return {"now": datetime.now(UTC).replace(microsecond=0)}


@pytest.fixture
def api(api_at, clock):
    return api_at(lambda: clock["now"], auth="required", rates={})


@pytest.fixture
def another(api_at, clock):
    """Another server of the same office."""
    return lambda **known: api_at(lambda: clock["now"], auth="required", **known)


class Phone:
    """What shows codes, and what was written down beside it."""

    def __init__(self, clock, secret):
        self.clock, self.secret, self.recovery = clock, secret, []

    def shows(self, ahead_s=0):
        return pyotp.TOTP(self.secret).at(self.clock["now"] + timedelta(seconds=ahead_s))

    def next(self):
        """A code that nobody has used."""
        self.clock["now"] += timedelta(seconds=30)
        return self.shows()


def enrol(who, clock, **code):
    begun = who.ask("POST", FACTOR, {"currentPassword": who.password, **code})
    assert begun.status_code == 201, begun.json
    phone = Phone(clock, begun.json["secret"])
    done = who.ask("POST", f"{FACTOR}/confirmation", {"code": phone.next()})
    assert done.status_code == 200, done.json
    phone.recovery = done.json["recoveryCodes"]
    return phone


def sign_in(who, code=None, api=None):
    body = None if code is None else {"code": code}
    return (api or who.api).post("/api/v1/tokens", headers=who.basic, json=body)


@pytest.fixture
def phone(admin, clock):
    return enrol(admin, clock)


def test_a_password_is_enough_until_the_first_code_is_confirmed(admin, clock):
    begun = admin.ask("POST", FACTOR, {"currentPassword": PASSWORD}).json

    assert pyotp.parse_uri(begun["uri"]).secret == begun["secret"]
    assert pyotp.parse_uri(begun["uri"]).name == admin.email
    refused(
        admin.ask("POST", f"{FACTOR}/confirmation", {"code": "000000"}), 403, "second_factor_wrong"
    )
    assert sign_in(admin).status_code == 201
    assert admin.ask("GET", "/users/me").json["secondFactor"] is False


def test_asks_for_a_code_from_then_on_and_ends_every_session(admin, phone):
    refused(admin.ask("GET", "/users/me"), 401, "unauthorized")
    refused(sign_in(admin), 401, "second_factor_needed")
    refused(sign_in(admin, "000000"), 403, "second_factor_wrong")
    admin.token = sign_in(admin, phone.next()).json["token"]

    assert admin.ask("GET", "/users/me").json["secondFactor"] is True


def test_a_wrong_password_hears_nothing_of_a_code(admin, phone):
    admin.password = "a wrong guess at it"

    refused(sign_in(admin, phone.next()), 401, "unauthorized")


def test_basic_alone_opens_nothing_but_the_exchange_for_a_token(api, admin, phone):
    for path in ("/users/me", "/events", "/users"):
        answer = api.get(f"/api/v1{path}", headers=admin.basic)
        refused(answer, 401, "second_factor_needed")
    made = api.post("/api/v1/events", json=GALA, headers=admin.basic)
    refused(made, 401, "second_factor_needed")


def test_begins_with_the_password_alone(admin, staff):
    wrong = admin.ask("POST", FACTOR, {"currentPassword": "a wrong guess"})
    refused(wrong, 403, "wrong_password")
    refused(staff.ask("POST", FACTOR, {"currentPassword": PASSWORD}), 403, "forbidden")
    refused(admin.ask("POST", f"{FACTOR}/confirmation", {"code": "123456"}), 409, "no_enrolment")


def test_forgets_what_is_never_confirmed(admin, clock):
    begun = admin.ask("POST", FACTOR, {"currentPassword": PASSWORD}).json
    clock["now"] += timedelta(minutes=30)
    code = pyotp.TOTP(begun["secret"]).at(clock["now"])

    refused(admin.ask("POST", f"{FACTOR}/confirmation", {"code": code}), 409, "no_enrolment")


# A code is good once, and for a moment.


def test_a_code_is_good_once(admin, phone):
    code = phone.next()

    assert sign_in(admin, code).status_code == 201
    refused(sign_in(admin, code), 403, "second_factor_wrong")


def test_the_code_that_confirmed_signs_nobody_in(admin, phone):
    refused(sign_in(admin, phone.shows()), 403, "second_factor_wrong")


def test_a_code_of_before_the_last_one_is_good_no_more(admin, phone):
    before = phone.next()
    assert sign_in(admin, phone.next()).status_code == 201

    refused(sign_in(admin, before), 403, "second_factor_wrong")


def test_takes_the_codes_beside_since_clocks_differ_and_no_others(admin, phone, clock):
    clock["now"] += timedelta(minutes=10)
    for ahead in (-90, -60, 60, 90):
        refused(sign_in(admin, phone.shows(ahead)), 403, "second_factor_wrong")
    for ahead in (-30, 0, 30):
        assert sign_in(admin, phone.shows(ahead)).status_code == 201


def test_of_many_at_once_with_one_code_over_two_servers_one_gets_in(admin, phone, another):
    code, servers = phone.next(), [another(rates={}), another(rates={})]

    def ask(number):
        server = servers[number % 2].application.test_client()
        return sign_in(admin, code, server).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [201, *[403] * 7]


def test_is_no_code_but_six_digits(admin, phone):
    for text in (
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "12345",
        "1234567",
        "-12345",
        "x" * 64,
        phone.next()[:5] + "\u0663",
    ):
        refused(sign_in(admin, text), 403, "second_factor_wrong")
    spaced = phone.next()
    assert sign_in(admin, f" {spaced[:3]} {spaced[3:]} ").status_code == 201


# Recovery codes.


def test_a_recovery_code_is_good_once_and_leaves_a_line_in_the_log(admin, phone):
    first, second = phone.recovery[:2]

    with capture_logs() as logs:
        assert sign_in(admin, first.upper()).status_code == 201
        refused(sign_in(admin, first), 403, "second_factor_wrong")

    used = [line for line in logs if line["event"] == "recovery_code_used"]
    assert [line["user"] for line in used] == [admin.user.id]
    assert sign_in(admin, second.replace("-", " ")).status_code == 201
    assert len(set(phone.recovery)) == 10


def test_of_many_at_once_with_one_recovery_code_one_gets_in(admin, phone, another):
    server = another(rates={}).application

    def ask(_):
        return sign_in(admin, phone.recovery[0], server.test_client()).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(ask, range(6))) == [201, *[403] * 5]


def test_keeps_neither_secret_nor_recovery_codes_in_the_clear(db, phone):
    compact = [code.replace("-", "") for code in phone.recovery]
    assert found_in(db, phone.secret, *phone.recovery, *compact) == set()


# Guessing.


def test_a_wrong_code_counts_for_the_account_before_the_check(admin, phone, another):
    """From many addresses: the tenth is refused unseen, with a right code as well."""
    rates = {"tokens": limits.parse("3 per minute")}
    server = another(rates=rates, trusted_proxies=1)

    def ask(number, code):
        from_there = {"X-Forwarded-For": f"192.0.2.{number}"}
        headers = {**admin.basic, **from_there}
        return server.post("/api/v1/tokens", headers=headers, json={"code": code})

    codes = ["second_factor_wrong"] * 3 + ["too_many_requests"] * 2
    assert [ask(number, "000000").json["code"] for number in range(5)] == codes
    refused(ask(9, phone.next()), 429, "too_many_requests")


def test_wrong_codes_count_wherever_one_is_asked_for(admin, another, clock):
    phone = enrol(admin, clock)
    admin.token = sign_in(admin, phone.next()).json["token"]
    rates = {"tokens": limits.parse("3 per minute")}
    admin.api = another(rates=rates)
    again = {"currentPassword": PASSWORD, "code": "000000"}

    heard = [admin.ask("POST", FACTOR, again).status_code for _ in range(4)]

    assert heard == [403, 403, 403, 429]


# Another telephone, none, and somebody else's.


def test_is_replaced_by_who_has_a_code_of_it(admin, phone, clock):
    admin.token = sign_in(admin, phone.next()).json["token"]
    refused(admin.ask("POST", FACTOR, {"currentPassword": PASSWORD}), 401, "second_factor_needed")
    new = enrol(admin, clock, code=phone.next())

    refused(admin.ask("GET", "/users/me"), 401, "unauthorized")
    for old in (phone.next(), phone.recovery[0]):
        refused(sign_in(admin, old), 403, "second_factor_wrong")
    assert sign_in(admin, new.next()).status_code == 201


def test_another_administrator_resets_it_and_nobody_their_own(admin, phone, person):
    path = f"/users/{admin.user.id}/second-factor"
    admin.token = sign_in(admin, phone.next()).json["token"]
    refused(admin.ask("DELETE", path), 409, "own_second_factor")
    refused(person("sal", Role.STAFF).ask("DELETE", path), 403, "forbidden")
    assert person("boss", Role.ADMIN).ask("DELETE", path).status_code == 204

    refused(admin.ask("GET", "/users/me"), 401, "unauthorized")
    assert sign_in(admin).status_code == 201


def test_the_audit_tells_who_turned_it_on_replaced_it_and_reset_it(admin, phone, clock, person):
    boss = person("boss", Role.ADMIN)
    admin.token = sign_in(admin, phone.next()).json["token"]
    enrol(admin, clock, code=phone.next())
    boss.ask("DELETE", f"/users/{admin.user.id}/second-factor")

    entries = boss.ask("GET", f"/users/{admin.user.id}/audit").json["items"][1:]

    assert [(entry["actor"], entry["changes"]) for entry in entries] == [
        (admin.user.id, {"secondFactor": [False, True]}),
        (admin.user.id, {"secondFactor": [True, True]}),
        (boss.user.id, {"secondFactor": [True, False]}),
    ]


def test_a_code_of_what_was_reset_meanwhile_is_good_no_more(db, admin, phone, person):
    """Set up again at once: the old telephone's codes are not the new one's."""
    person("boss", Role.ADMIN).ask("DELETE", f"/users/{admin.user.id}/second-factor")
    admin.sign_in()
    new = enrol(admin, phone.clock)

    refused(sign_in(admin, phone.next()), 403, "second_factor_wrong")
    assert sign_in(admin, new.next()).status_code == 201
    assert db.second_factors.count_documents({}) == 1


def test_one_proposal_is_confirmed_once(admin, clock):
    secret = admin.ask("POST", FACTOR, {"currentPassword": PASSWORD}).json["secret"]
    code = pyotp.TOTP(secret).at(clock["now"])

    def confirm(_):
        mine = Person(admin.api.application.test_client(), admin.email, admin.user)
        mine.token = admin.token
        return mine.ask("POST", f"{FACTOR}/confirmation", {"code": code}).status_code

    with ThreadPoolExecutor(6) as pool:
        heard = list(pool.map(confirm, range(6)))

    assert heard.count(200) == 1
    assert set(heard) <= {200, 401, 409}


# Where one is required.


@pytest.fixture
def strict(another):
    return another(rates={}, admin_second_factor="required")


def test_an_administrator_without_one_can_do_nothing_but_set_it_up(strict, admin, clock):
    mine = Person(strict, admin.email, admin.user).sign_in()
    for method, path in (("GET", "/events"), ("GET", "/users"), ("GET", "/users/me/sessions"),
                         ("PATCH", "/users/me"), ("GET", "/statistics/monthly")):  # fmt: skip
        refused(mine.ask(method, path), 403, "second_factor_missing")
    made = strict.post("/api/v1/events", json=GALA, headers=mine.basic)
    refused(made, 403, "second_factor_missing")
    refused(strict.get("/status/x", headers=mine.basic), 403, "second_factor_missing")
    assert mine.ask("GET", "/users/me").json["secondFactor"] is False

    phone = enrol(mine, clock)

    mine.token = sign_in(mine, phone.next()).json["token"]
    assert mine.ask("GET", "/users").status_code == 200


def test_asks_it_of_administrators_alone(strict, db, staff, person):
    ada = person("ada")
    for who in (staff, ada):
        who.api = strict
        assert who.sign_in().ask("GET", "/events").status_code == 200


def test_whoever_becomes_one_sets_it_up_first(strict, db, staff, admin):
    admin.ask("PATCH", f"/users/{staff.user.id}", {"role": "admin"})
    staff.api = strict

    refused(staff.ask("GET", "/bookings"), 403, "second_factor_missing")


def test_keys_that_an_administrator_has_made_go_on(strict, admin):
    key = admin.ask("POST", "/api-keys", {"name": "till", "role": "staff"}).json["key"]

    answer = strict.get("/api/v1/bookings", headers={"Authorization": f"Bearer {key}"})

    assert answer.status_code == 200


# Keys, and leaving.


def test_goes_on_with_a_new_key_of_the_service_while_the_old_one_is_known(admin, phone, another):
    both = another(rates={}, secret_keys=(OTHER, ONE))
    assert sign_in(admin, phone.next(), both).status_code == 201

    # From then on it is sealed with the new one, and the old one may go.
    only_new = another(rates={}, secret_keys=(OTHER,))
    assert sign_in(admin, phone.next(), only_new).status_code == 201
    refused(sign_in(admin, phone.next()), 503, "document_unreadable")


def test_a_sealed_secret_is_good_for_nobody_else(db, admin, phone, clock, person):
    """Whoever writes to the database by hand can't give somebody else their own."""
    boss = person("boss", Role.ADMIN)
    enrol(boss, clock)
    mine = db.second_factors.find_one({"user": admin.user.id})
    db.second_factors.update_one({"user": boss.user.id}, {"$set": {"secret": mine["secret"]}})

    refused(sign_in(boss, phone.next()), 503, "document_unreadable")


def test_goes_with_the_account(api, db, clock, person):
    person("boss", Role.ADMIN)
    leaver = person("leaver", Role.ADMIN)
    enrol(leaver, clock)
    user = find(db, leaver.user.id)
    commands = api.application.ticketing.commands

    erase(db, commands, user.customer_id, Caller("boss", "r1"), clock["now"])

    assert found_in(db, leaver.email) == set()
    assert db.second_factors.count_documents({}) == 0


def test_a_password_forgotten_is_not_a_second_factor_forgotten(admin, phone, person):
    boss = person("boss", Role.ADMIN)
    boss.ask("PATCH", f"/users/{admin.user.id}", {"password": "another good password"})
    admin.password = "another good password"

    refused(sign_in(admin), 401, "second_factor_needed")
    assert sign_in(admin, phone.next()).status_code == 201

"""Addresses that are proven by mail, in a real conversation with a mail server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.auth.accounts.test_users import GALA, PASSWORD, Person
from tests.api.conftest import refused
from tests.conftest import QUICK
from tests.services.mail.smtp_server import Mailbox, serving, text_of
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import users as people
from ticketing.services.mail.sender import send_due
from ticketing.services.mail.smtp import MailServer
from ticketing.storage.accounts import users

EMAIL = "ada@example.org"
OTHER = "another good password"
V1 = "/api/v1"


@pytest.fixture
def mailbox():
    with serving(Mailbox()) as mailbox:
        yield mailbox


@pytest.fixture
def clock():
    """The time of the service, which a test may put forward."""
    return {"now": datetime.now(UTC)}


@pytest.fixture
def api(api_at, mailbox, clock):
    """The service where it sends mail."""
    return api_at(
        lambda: clock["now"],
        auth="required",
        mail_uri=mailbox.uri,
        mail_from="tickets@venue.example",
        public_url="https://tickets.venue.example",
    )


@pytest.fixture
def post(api, mailbox):
    """Ask for something without signing in, and have the mail of it sent."""

    def ask(path, body=None):
        answer = api.post(f"{V1}{path}", json=body)
        parts = api.application.ticketing
        send_due(parts.db, parts.proofs.letters, MailServer(mailbox.uri))
        return answer

    return ask


def register(post, email=EMAIL, password=PASSWORD):
    answer = post("/users", {"email": email, "password": password})
    assert answer.status_code == 202, answer.json
    return answer


# Registering.


def test_who_follows_the_link_is_a_customer_who_can_book(api, post, mailbox, person):
    event = person("admin", Role.ADMIN).ask("POST", "/events", GALA).json["id"]
    register(post)
    ada = Person(api, EMAIL, None).sign_in()
    refused(ada.ask("POST", f"/events/{event}/bookings", {}), 403, "address_unverified")
    (mail,) = mailbox.taken
    (link,) = [word for word in text_of(mail).split() if word.startswith("https://")]
    assert link.startswith("https://tickets.venue.example/verify?")
    (code,) = parse_qs(urlsplit(link).query)["code"]

    verified = post(f"/verifications/{code}")

    assert (verified.status_code, verified.json["verified"]) == (200, True)
    assert ada.ask("POST", f"/events/{event}/bookings", {}).status_code == 201
    assert (mail["From"], mail["To"]) == ("tickets@venue.example", EMAIL)


def test_a_code_is_good_once_and_the_last_one_alone(post, mailbox):
    register(post)
    register(post)
    first, second = mailbox.code(0), mailbox.code(1)

    refused(post(f"/verifications/{first}"), 404, "code_not_found")
    assert post(f"/verifications/{second}").status_code == 200
    refused(post(f"/verifications/{second}"), 404, "code_not_found")


@pytest.mark.parametrize("code", ["nonsense", "x" * 5000, "%00", "%F0%9F%8E%AD", "a.b", "$ne"])
def test_takes_no_code_that_it_has_not_sent(post, code):
    refused(post(f"/verifications/{code}"), 404, "code_not_found")
    body = {"password": OTHER}
    refused(post(f"/password-resets/{code}", body), 404, "code_not_found")


def test_a_code_ends_after_three_days(post, mailbox, clock):
    register(post)

    clock["now"] += timedelta(days=3)

    refused(post(f"/verifications/{mailbox.code()}"), 404, "code_not_found")


def test_answers_alike_for_a_known_and_an_unknown_address_and_tells_the_known_one(
    post, mailbox, person
):
    person("ada")

    known, unknown = register(post), register(post, "new@example.org")

    assert known.data.replace(EMAIL.encode(), b"") == unknown.data.replace(b"new@example.org", b"")
    assert {k for k, _ in known.headers} == {k for k, _ in unknown.headers}
    assert mailbox.subjects() == ["You have an account already", "Is this address yours?"]
    assert "new@example.org" not in text_of(mailbox.taken[0])


def test_who_registers_a_foreign_address_first_has_nothing_of_it(api, post, mailbox):
    """The owner registers later, and with the code of that the owner's password counts."""
    mallory = Person(api, EMAIL, None, "mallory was here first")
    register(post, password=mallory.password)
    mallory.sign_in()
    register(post, password=PASSWORD)

    assert post(f"/verifications/{mailbox.code()}").status_code == 200

    refused(mallory.ask("GET", "/users/me"), 401, "unauthorized")
    refused(api.post(f"{V1}/tokens", headers=mallory.basic), 401, "unauthorized")
    assert Person(api, EMAIL, None).sign_in().ask("GET", "/bookings").status_code == 200


def test_who_changed_their_password_meanwhile_keeps_it(api, post, mailbox):
    register(post)
    ada = Person(api, EMAIL, None).sign_in()
    body = {"currentPassword": PASSWORD, "password": OTHER}
    assert ada.ask("PATCH", "/users/me", body).status_code == 200

    assert post(f"/verifications/{mailbox.code()}").status_code == 200

    Person(api, EMAIL, None, OTHER).sign_in()


def test_fills_nobodys_mailbox(post, mailbox, person):
    person("ada")

    for _ in range(5):
        register(post)
        register(post, "new@example.org")
        post("/password-resets", {"email": EMAIL})

    assert len(mailbox.taken) == 3 * 3


def test_sends_to_addresses_of_the_whole_world(post, mailbox):
    for email in ("m\u00fcller@example.org", "ada@m\u00fcnchen.example"):
        register(post, email)

    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [
        ["m\u00fcller@example.org"],
        ["ada@xn--mnchen-3ya.example"],
    ]


def test_keeps_no_code_and_no_letter_that_has_been_sent(db, post, mailbox):
    register(post)
    post("/password-resets", {"email": EMAIL})
    codes = {mailbox.code(0), mailbox.code(1)}

    stored = [str(document) for name in ("user_codes", "outbox") for document in db[name].find()]

    assert len(codes) == 2
    assert not [text for text in stored for code in codes if code in text]
    assert not [text for text in stored if EMAIL in text and "'key'" not in text]


# Forgotten passwords.


def test_sets_a_new_password_by_mail(api, post, mailbox, person):
    ada = person("ada")

    assert post("/password-resets", {"email": "ADA@example.org"}).status_code == 202
    answer = post(f"/password-resets/{mailbox.code()}", {"password": OTHER})

    assert answer.status_code == 200
    refused(ada.ask("GET", "/users/me"), 401, "unauthorized")
    refused(api.post(f"{V1}/tokens", headers=ada.basic), 401, "unauthorized")
    Person(api, EMAIL, None, OTHER).sign_in()
    again = post(f"/password-resets/{mailbox.code()}", {"password": PASSWORD})
    refused(again, 404, "code_not_found")


def test_says_of_no_address_whether_it_has_an_account(db, post, mailbox, person):
    person("ada")
    person("gone", verified=False)
    db.users.update_one({"email": "gone@example.org"}, {"$set": {"active": False}})

    answers = [
        post("/password-resets", {"email": email}).data.replace(email.encode(), b"")
        for email in (EMAIL, "nobody@example.org", "gone@example.org")
    ]

    assert len(set(answers)) == 1
    assert [str(mail["To"]) for mail in mailbox.taken] == [EMAIL]
    assert db.outbox.count_documents({}) == 3
    assert db.user_codes.count_documents({}) >= 2


def test_a_code_is_good_for_what_it_was_sent_for_alone(post, mailbox, person):
    person("ada")
    post("/password-resets", {"email": EMAIL})
    reset = mailbox.code()
    register(post, "grace@example.org")
    registered = mailbox.code()

    refused(post(f"/verifications/{reset}"), 404, "code_not_found")
    refused(post(f"/password-resets/{registered}", {"password": OTHER}), 404, "code_not_found")

    assert post(f"/password-resets/{reset}", {"password": OTHER}).status_code == 200
    assert post(f"/verifications/{registered}").status_code == 200


def test_a_reset_ends_after_an_hour(post, mailbox, person, clock):
    person("ada")
    post("/password-resets", {"email": EMAIL})

    clock["now"] += timedelta(hours=1)

    answer = post(f"/password-resets/{mailbox.code()}", {"password": OTHER})
    refused(answer, 404, "code_not_found")


def test_a_weak_password_uses_no_code_up(post, mailbox, person):
    person("ada")
    post("/password-resets", {"email": EMAIL})
    path = f"/password-resets/{mailbox.code()}"

    refused(post(path, {"password": "password1234"}), 400, "bad_request")

    assert post(path, {"password": OTHER}).status_code == 200


def test_who_got_the_mail_has_shown_the_address(api, post, mailbox, person):
    person("ada", verified=False)
    post("/password-resets", {"email": EMAIL})

    answer = post(f"/password-resets/{mailbox.code()}", {"password": OTHER})

    assert answer.json["verified"] is True


def test_a_new_password_ends_the_codes_for_one(post, mailbox, person):
    ada = person("ada")
    post("/password-resets", {"email": EMAIL})
    body = {"currentPassword": PASSWORD, "password": OTHER}
    ada.ask("PATCH", "/users/me", body)

    answer = post(f"/password-resets/{mailbox.code()}", {"password": "mallory's own password"})

    refused(answer, 404, "code_not_found")


# Another address.


def move(who, email, **known):
    body = {"currentPassword": who.password, "email": email, **known}
    return who.ask("PATCH", "/users/me", body)


def test_is_known_by_another_address_once_it_is_shown(api, db, post, mailbox, person):
    event = person("admin", Role.ADMIN).ask("POST", "/events", GALA).json["id"]
    ada = person("ada")
    booking = ada.ask("POST", f"/events/{event}/bookings", {}).json["id"]
    assert move(ada, "lovelace@example.org").status_code == 202
    assert ada.ask("GET", "/users/me").json["email"] == EMAIL
    refused(post("/verifications/none"), 404, "code_not_found")  # has the mail sent
    assert [str(mail["To"]) for mail in mailbox.taken] == ["lovelace@example.org", EMAIL]

    assert post(f"/verifications/{mailbox.code(0)}").status_code == 200

    moved = Person(api, "lovelace@example.org", None).sign_in()
    assert moved.ask("GET", f"/bookings/{booking}").json["customer"] == "lovelace@example.org"
    refused(api.post(f"{V1}/tokens", headers=ada.basic), 401, "unauthorized")
    entry = db.user_audit.find_one({"user": ada.user.id}, sort=[("sequence", -1)])
    assert entry["changes"] == {"email": [EMAIL, "lovelace@example.org"]}


def test_tells_nobody_that_another_address_has_an_account(db, post, mailbox, person):
    ada, _ = person("ada"), person("grace")

    answer = move(ada, "grace@example.org")
    post("/verifications/none")

    assert answer.status_code == 202
    assert [(str(m["To"]), m["Subject"]) for m in mailbox.taken] == [
        ("grace@example.org", "You have an account already"),
        (EMAIL, "Your address is about to change"),
    ]
    assert db.user_codes.count_documents({"purpose": "address"}) == 0


def test_takes_no_address_that_somebody_registered_meanwhile(post, mailbox, person):
    ada = person("ada")
    move(ada, "grace@example.org")
    post("/verifications/none")
    person("grace")

    refused(post(f"/verifications/{mailbox.code(0)}"), 409, "email_taken")


def test_takes_no_address_for_which_something_is_booked_by_itself(post, mailbox, person):
    event = person("admin", Role.ADMIN).ask("POST", "/events", GALA).json["id"]
    ada, staff = person("ada"), person("staff", Role.STAFF)
    staff.ask("POST", f"/events/{event}/bookings", {"customer": "lovelace@example.org"})
    move(ada, "lovelace@example.org")
    post("/verifications/none")

    refused(post(f"/verifications/{mailbox.code(0)}"), 409, "address_booked")
    assert ada.ask("GET", "/users/me").json["email"] == EMAIL


def test_an_address_left_behind_resets_no_password(post, mailbox, person):
    ada = person("ada")
    post("/password-resets", {"email": EMAIL})
    old = mailbox.code()
    move(ada, "lovelace@example.org")
    post("/verifications/none")
    assert post(f"/verifications/{mailbox.code(1)}").status_code == 200

    refused(post(f"/password-resets/{old}", {"password": OTHER}), 404, "code_not_found")


def test_a_code_is_nothing_to_an_account_that_was_deactivated_since(post, mailbox, person):
    """Neither a new password nor a new address, and nobody is verified by it."""
    ada, boss = person("ada", verified=False), person("boss", Role.ADMIN)
    post("/password-resets", {"email": EMAIL})
    move(ada, "lovelace@example.org")
    post("/verifications/none")
    boss.ask("PATCH", f"/users/{ada.user.id}", {"active": False})

    reset = post(f"/password-resets/{mailbox.code(0)}", {"password": OTHER})
    refused(reset, 404, "code_not_found")
    refused(post(f"/verifications/{mailbox.code(1)}"), 404, "code_not_found")


def test_asks_for_the_password_before_it_changes_an_address(mailbox, post, person):
    ada = person("ada")

    refused(ada.ask("PATCH", "/users/me", {"email": "x@example.org"}), 400, "bad_request")
    wrong = {"email": "x@example.org", "currentPassword": "a wrong guess"}
    refused(ada.ask("PATCH", "/users/me", wrong), 403, "wrong_password")
    refused(ada.ask("PATCH", "/users/me", {"currentPassword": PASSWORD}), 400, "bad_request")
    post("/verifications/none")
    assert mailbox.taken == []


# Where no mail is sent.


def test_says_where_it_sends_no_mail(api_at, db):
    api = api_at(auth="required")
    user = people.register(db, QUICK, EMAIL, PASSWORD, datetime.now(UTC))
    ada = Person(api, EMAIL, user).sign_in()

    for answer in (
        api.post(f"{V1}/password-resets", json={"email": EMAIL}),
        api.post(f"{V1}/password-resets/x", json={"password": OTHER}),
        api.post(f"{V1}/verifications/x"),
        move(ada, "x@example.org"),
    ):
        refused(answer, 409, "no_mail")
    assert users.find(db, user.id).sequence == 1

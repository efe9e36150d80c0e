"""The second step of signing in, and setting up a second factor, on the pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import limits
import pyotp
import pytest

from tests.web.conftest import PASSWORD
from ticketing.domain.identity.users import Role
from ticketing.storage.accounts.users import find_by_email

ROBIN = "robin@example.org"
PLACE = "/account/second-factor"
CODE = "/sign-in/code"


@pytest.fixture
def clock():
    return {"now": datetime.now(UTC).replace(microsecond=0)}


@pytest.fixture
def hall(hall_at, clock):
    return hall_at(lambda: clock["now"], auth="required")


def code_of(secret, clock):
    """A code that nobody has used."""
    clock["now"] += timedelta(seconds=30)
    return pyotp.TOTP(secret).at(clock["now"])


def begin(robin, **code):
    page = robin.submit(robin.get(PLACE), PLACE, current=PASSWORD, **code)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.html)[1]
    assert f"secret={secret}" in page.html
    return page, secret


@pytest.fixture
def secret(robin, clock):
    page, secret = begin(robin)
    confirmed = robin.submit(page, f"{PLACE}/confirmation", code=code_of(secret, clock))
    assert len(re.findall(r"<code>[a-z2-7-]{19}</code>", confirmed.html)) == 10
    return secret


def password(visitor):
    return visitor.submit(visitor.get("/sign-in"), "/sign-in", email=ROBIN, password=PASSWORD)


def test_asks_for_a_code_after_the_password(robin, secret, visitor, clock):
    page = password(visitor)
    assert "A code, too" in page.text
    assert visitor.get("/office/people").headers["Location"].startswith("/sign-in")

    wrong = visitor.submit(page, CODE, code="000000")
    assert (wrong.status, "That code is not right" in wrong.text) == (403, True)
    code = code_of(secret, clock)
    assert visitor.submit(page, CODE, code=code).status == 200

    assert "People" in visitor.get("/office/people").title


def test_goes_on_to_what_was_wanted(robin, secret, visitor, clock):
    there = visitor.client.get("/office/people", headers={"Accept": "text/html"})
    page = visitor.get(there.headers["Location"])
    page = visitor.submit(page, "/sign-in", email=ROBIN, password=PASSWORD)

    assert "People" in visitor.submit(page, CODE, code=code_of(secret, clock)).title


def test_signs_everybody_out_but_where_it_was_set_up(hall, robin, clock):
    elsewhere = hall.visitor().sign_in(ROBIN)
    page, secret = begin(robin)
    robin.submit(page, f"{PLACE}/confirmation", code=code_of(secret, clock))

    assert robin.get("/office/people").status == 200
    assert elsewhere.get("/office/people").status == 303


def test_a_password_without_a_code_is_forgotten_after_five_minutes(robin, secret, visitor, clock):
    page = password(visitor)
    clock["now"] += timedelta(minutes=5)

    assert visitor.submit(page, CODE, code=code_of(secret, clock)).title.startswith("Sign in")


def test_no_code_without_the_password(robin, secret, visitor, clock):
    page = visitor.get("/sign-in")
    token = page.form("/sign-in").fields["csrf_token"]

    answer = visitor.send(CODE, csrf_token=token, code=code_of(secret, clock))

    assert answer.headers["Location"].startswith("/sign-in")
    assert visitor.get("/office/people").headers["Location"].startswith("/sign-in")


def test_wrong_codes_are_counted(hall_at, robin, secret, clock):
    hall = hall_at(
        lambda: clock["now"], auth="required", rates={"tokens": limits.parse("2 per minute")}
    )
    page = password(visitor := hall.visitor())

    assert [visitor.submit(page, CODE, code="000000").status for _ in range(3)] == [403, 403, 429]


def test_a_new_telephone_takes_the_place_of_the_old_one(robin, secret, visitor, clock):
    old = pyotp.TOTP(secret)
    wrong = robin.submit(robin.get(PLACE), PLACE, current=PASSWORD, code="000000")
    assert wrong.status == 403
    page, new = begin(robin, code=code_of(secret, clock))
    robin.submit(page, f"{PLACE}/confirmation", code=code_of(new, clock))

    page = password(visitor)
    clock["now"] += timedelta(seconds=30)
    assert visitor.submit(page, CODE, code=old.at(clock["now"])).status == 403
    assert visitor.submit(page, CODE, code=code_of(new, clock)).status == 200


def test_says_what_is_wrong_with_what_was_written(robin, clock):
    assert robin.submit(robin.get(PLACE), PLACE, current="wrong" * 4).status == 403
    assert robin.submit(robin.get(PLACE), PLACE, current=PASSWORD, code="").status == 200
    page, _ = begin(robin)
    assert robin.submit(page, f"{PLACE}/confirmation", code="").status == 400
    again = robin.submit(page, f"{PLACE}/confirmation", code="000000")
    assert (again.status, "Begin again" in again.text) == (403, True)


def test_another_administrator_resets_it(hall, db, robin, secret, visitor):
    boss = hall.signed_in("boss@example.org", Role.ADMIN)
    path = f"/office/people/{find_by_email(db, ROBIN).id}/second-factor"

    assert not robin.get("/office/people").has_form(path)
    page = boss.submit(boss.get("/office/people"), path)

    assert "signs in with a password alone" in page.text
    assert password(visitor).status == 200
    assert "People" in visitor.get("/office/people").title


def test_who_needs_one_is_led_there_and_nowhere_else(hall_at, hall, clock):
    hall.user(ROBIN, Role.ADMIN)
    strict = hall_at(lambda: clock["now"], auth="required", admin_second_factor="required")
    password(robin := strict.visitor())

    for path in ("/", "/office/people", "/account", "/office", "/sign-in"):
        assert robin.get(path).headers["Location"] == PLACE
    assert "Administrators need a second factor here" in robin.get(PLACE).text
    page, secret = begin(robin)
    robin.submit(page, f"{PLACE}/confirmation", code=code_of(secret, clock))

    assert "People" in robin.get("/office/people").title

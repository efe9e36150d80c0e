"""What a change makes of an account, and what the audit says of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ticketing.domain.errors import LastAdmin
from ticketing.domain.identity.account_changes import (
    AccountChange,
    change_entry,
    changed,
    registration_entry,
    require_another_admin,
)
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role, User

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BOSS = Caller("boss", "r1")


def a_user(**known):
    values = {
        "id": "u1", "email": "Ada@example.org", "key": "address:ada@example.org",
        "role": Role.CUSTOMER, "active": True, "password_hash": "$old", "generation": 1,
        "signed_out": frozenset({"t1"}), "created_at": NOON, "verified": False, "sequence": 1,
    }  # fmt: skip
    return User(**{**values, **known})


def told(change, user=None):
    user = user or a_user()
    return change_entry(user, changed(user, change), BOSS, NOON).changes


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        (AccountChange(role=Role.STAFF), {"role": ("customer", "staff")}),
        (AccountChange(active=False), {"active": (True, False)}),
        (AccountChange(verified=True), {"verified": (False, True)}),
        (AccountChange(password_hash="$new"), {"password": (None, None)}),
        (
            AccountChange(role=Role.ADMIN, verified=True, active=True),
            {"role": ("customer", "admin"), "verified": (False, True)},
        ),
    ],
)
def test_tells_the_old_and_the_new_value_and_no_secret(change, entry):
    assert told(change) == entry


def test_tells_what_an_account_began_as():
    entry = registration_entry(a_user(), BOSS)

    assert (entry.sequence, entry.action, entry.actor) == (1, "registered", "boss")
    assert entry.changes["email"] == (None, "Ada@example.org")
    assert "$old" not in str(entry)


@pytest.mark.parametrize(
    "change",
    [AccountChange(), AccountChange(role=Role.CUSTOMER, active=True, verified=False)],
)
def test_changes_nothing_where_nothing_differs(change):
    assert changed(a_user(), change) == a_user()


@pytest.mark.parametrize(
    ("change", "worthless"),
    [
        (AccountChange(password_hash="$new"), True),
        (AccountChange(active=False), True),
        (AccountChange(role=Role.ADMIN), False),
        (AccountChange(verified=True), False),
    ],
)
def test_makes_tokens_worthless_with_the_password_and_the_account(change, worthless):
    after = changed(a_user(), change)

    assert (after.generation == 2) == worthless
    assert (after.signed_out == frozenset()) == worthless
    assert after.sequence == 2


@pytest.mark.parametrize(
    ("before", "change", "others", "is_last"),
    [
        ({"role": Role.ADMIN}, AccountChange(active=False), False, True),
        ({"role": Role.ADMIN}, AccountChange(role=Role.STAFF), False, True),
        ({"role": Role.ADMIN}, AccountChange(role=Role.STAFF), True, False),
        ({"role": Role.ADMIN}, AccountChange(password_hash="$new"), False, False),
        ({"role": Role.ADMIN, "active": False}, AccountChange(role=Role.STAFF), False, False),
        ({"role": Role.STAFF}, AccountChange(active=False), False, False),
    ],
)
def test_keeps_the_last_administrator(before, change, others, is_last):
    user = a_user(**before)
    try:
        require_another_admin(user, changed(user, change), others=others)
    except LastAdmin:
        assert is_last
    else:
        assert not is_last

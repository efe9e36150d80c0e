"""Whom a token or a key is good for: known for a second, and not a moment longer than it is so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.clocks import Clock
from tests.conftest import QUICK
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import api_keys, users
from ticketing.services.signing_in import callers as module
from ticketing.services.signing_in.callers import Callers
from ticketing.services.signing_in.tokens import Tokens
from ticketing.storage.accounts import users as stored

TOKENS = Tokens(["a secret of thirty-two characters."], 3600)
NOW = datetime(2044, 5, 1, 12, 0, tzinfo=UTC)
STAFF = Caller("staff", "r1")


@pytest.fixture
def clock():
    return Clock(1000.0)


@pytest.fixture
def callers(db, clock):
    """Make what a worker knows of callers."""
    return lambda: Callers(db, TOKENS, clock)


@pytest.fixture
def ada(db):
    return users.register(db, QUICK, "ada@example.org", "correct horse", NOW, Role.STAFF)


@pytest.fixture
def looked_up(monkeypatch):
    """Note each look-up of a token's user."""
    noted = []
    original = users.bearer_of

    def bearer_of(db, claims, now):
        noted.append(claims)
        return original(db, claims, now)

    monkeypatch.setattr(module.users, "bearer_of", bearer_of)
    return noted


def test_looks_a_token_up_once_a_second(callers, ada, clock, looked_up):
    token, known = TOKENS.issue(ada, NOW), callers()

    assert {known.by_token(token, NOW).principal.id for _ in range(5)} == {ada.id}
    assert len(looked_up) == 1

    clock.now += module.LIFETIME_S
    assert known.by_token(token, NOW).principal.id == ada.id
    assert len(looked_up) == 2


def deactivate(db, handler, ada, token):
    users.change(db, handler, QUICK, ada.id, users.AccountUpdate(active=False), STAFF, NOW)


def sign_out(db, handler, ada, token):
    claims = TOKENS.read(token, NOW)
    stored.sign_out(db, claims.user, claims.token, claims.expires_at, NOW)


def change_password(db, handler, ada, token):
    update = users.AccountUpdate(password="another good password")
    users.change(db, handler, QUICK, ada.id, update, STAFF, NOW)


@pytest.mark.parametrize("end", [deactivate, sign_out, change_password])
def test_takes_no_token_from_the_moment_that_it_was_ended_in_any_worker(
    db, handler, callers, ada, end
):
    token, here, there = TOKENS.issue(ada, NOW), callers(), callers()
    assert here.by_token(token, NOW)
    assert there.by_token(token, NOW)

    end(db, handler, ada, token)

    assert here.by_token(token, NOW) is None
    assert there.by_token(token, NOW) is None


def test_goes_by_the_role_of_this_moment(db, handler, callers, ada):
    token, known = TOKENS.issue(ada, NOW), callers()
    assert known.by_token(token, NOW).principal.role is Role.STAFF

    users.change(db, handler, QUICK, ada.id, users.AccountUpdate(role=Role.ADMIN), STAFF, NOW)

    assert known.by_token(token, NOW).principal.role is Role.ADMIN


def test_hears_within_a_second_what_another_host_has_changed(db, callers, ada, clock):
    token, known = TOKENS.issue(ada, NOW), callers()
    assert known.by_token(token, NOW)

    db.users.update_one({"_id": ada.id}, {"$set": {"active": False}})
    clock.now += module.LIFETIME_S

    assert known.by_token(token, NOW) is None


def test_takes_no_token_of_an_account_that_was_deactivated_by_hand(db, callers, ada):
    """Its tokens were not revoked with it, as the service does."""
    token = TOKENS.issue(ada, NOW)
    db.users.update_one({"_id": ada.id}, {"$set": {"active": False}})

    assert callers().by_token(token, NOW) is None


def test_takes_no_token_after_its_time(callers, ada):
    token, known = TOKENS.issue(ada, NOW), callers()
    last = NOW + timedelta(seconds=3599.5)

    assert known.by_token(token, last)
    assert known.by_token(token, NOW + timedelta(seconds=3600)) is None


def test_remembers_nobody_who_was_refused(db, handler, callers, ada, looked_up):
    token, known = TOKENS.issue(ada, NOW), callers()
    db.users.update_one({"_id": ada.id}, {"$set": {"active": False}})
    assert known.by_token(token, NOW) is None

    db.users.update_one({"_id": ada.id}, {"$set": {"active": True}})

    assert known.by_token(token, NOW)
    assert len(looked_up) == 2


def test_what_changes_while_it_is_looked_up_is_looked_up_again(
    db, handler, callers, ada, monkeypatch
):
    token, known = TOKENS.issue(ada, NOW), callers()
    original = users.bearer_of

    def read_then_changed(db, claims, now):
        found = original(db, claims, now)
        deactivate(db, handler, ada, token)
        return found

    monkeypatch.setattr(module.users, "bearer_of", read_then_changed)
    assert known.by_token(token, NOW)
    monkeypatch.undo()

    assert known.by_token(token, NOW) is None


def test_takes_no_key_from_the_moment_that_it_is_revoked(db, callers):
    key, here, there = api_keys.make(db, "door", Role.STAFF, STAFF, NOW), callers(), callers()
    assert here.by_api_key(key.secret, NOW).principal.role is Role.STAFF
    assert there.by_api_key(key.secret, NOW)

    module.api_keys.api_keys.revoke(db, key.id, "boss", NOW)

    assert here.by_api_key(key.secret, NOW) is None
    assert there.by_api_key(key.secret, NOW) is None
    assert here.by_api_key("no key at all", NOW) is None


def test_looks_everybody_up_each_time_where_nothing_can_be_shared(
    db, ada, clock, looked_up, monkeypatch
):
    monkeypatch.setattr(module, "stamp_of", lambda _: None)
    token, known = TOKENS.issue(ada, NOW), Callers(db, TOKENS, clock)

    assert [bool(known.by_token(token, NOW)) for _ in range(3)] == [True] * 3
    assert len(looked_up) == 3


def test_a_token_for_the_pages_is_worth_nothing_to_the_api(db, callers, ada, clock):
    for_pages = Tokens(TOKENS.keys, 3600, "pages")
    token = for_pages.issue(ada, NOW)

    assert Callers(db, for_pages, clock).by_token(token, NOW)
    assert callers().by_token(token, NOW) is None

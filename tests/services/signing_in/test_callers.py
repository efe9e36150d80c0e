"""Whom a token or a key is good for: known for a second, and not a moment longer than it is so."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import QUICK
from tests.services.clocks import Clock
from tests.system.waiting import NEVER_S, eventually
from ticketing.domain.errors import DatabaseUnavailable, Unreadable
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role
from ticketing.services.accounts import api_keys, users
from ticketing.services.signing_in import callers as module
from ticketing.services.signing_in.callers import Callers
from ticketing.services.signing_in.tokens import Tokens
from ticketing.storage.accounts import users as stored
from ticketing.storage.driver.deadlines import deadline

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
    """Note the users of each look-up of tokens."""
    noted = []
    original = users.bearers_of

    def bearers_of(db, all_claims, now):
        noted.append({claims.user for claims in all_claims})
        return original(db, all_claims, now)

    monkeypatch.setattr(module.users, "bearers_of", bearers_of)
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


@pytest.fixture
def many(db):
    """A few who have signed in, by their tokens."""
    made = [
        users.register(db, QUICK, f"{n}@example.org", "correct horse", NOW, Role.STAFF)
        for n in range(4)
    ]
    return {TOKENS.issue(user, NOW): user.id for user in made}


def asking(known, tokens, times=2):
    """Ask with each token, so often; return who was found."""
    found = [known.by_token(token, NOW) for _ in range(times) for token in tokens]
    return {one.principal.id for one in found if one}


def test_looks_up_all_who_go_on_asking_with_one_read(callers, many, clock, looked_up):
    known = callers()
    asking(known, many)
    del looked_up[:]

    for _ in range(3):
        clock.now += module.LIFETIME_S
        assert asking(known, many) == set(many.values())

    assert looked_up == [set(many.values())] * 3


def test_looks_up_with_another_whose_second_is_nearly_over(callers, ada, many, clock, looked_up):
    known = callers()
    asking(known, many)
    del looked_up[:]

    clock.now += module.LIFETIME_S - module.SOON_S
    known.by_token(TOKENS.issue(ada, NOW), NOW)
    clock.now += module.SOON_S
    assert asking(known, many, 1) == set(many.values())

    assert looked_up == [{ada.id, *many.values()}]


def test_looks_up_nobody_with_another_who_has_just_been_found_or_has_not_come_again(
    callers, ada, many, clock, looked_up
):
    known, (once, *often) = callers(), many
    asking(known, [once], 1)
    asking(known, often)
    known.by_token(TOKENS.issue(ada, NOW, "one"), NOW)
    assert looked_up[-1] == {ada.id}

    clock.now += module.LIFETIME_S - module.SOON_S
    known.by_token(TOKENS.issue(ada, NOW, "another"), NOW)

    assert looked_up[-1] == {ada.id, *(many[token] for token in often)}


def test_looks_up_nobody_who_has_long_been_away(callers, ada, many, clock, looked_up):
    known = callers()
    asking(known, many)

    clock.now += 2 * module.LIFETIME_S
    known.by_token(TOKENS.issue(ada, NOW), NOW)

    assert looked_up[-1] == {ada.id}
    assert len(known._found) == 1, "who is away is forgotten"


def test_knows_nobody_for_longer_who_is_looked_up_with_another(db, callers, ada, many, clock):
    known, (token, *_) = callers(), many
    asking(known, many)
    clock.now += module.LIFETIME_S - module.SOON_S
    known.by_token(TOKENS.issue(ada, NOW), NOW)

    db.users.update_one({"_id": many[token]}, {"$set": {"active": False}})
    clock.now += module.LIFETIME_S

    assert known.by_token(token, NOW) is None


def test_forgets_who_is_found_no_good_when_another_is_looked_up(db, callers, many, clock):
    known, (token, *others) = callers(), many
    asking(known, many)
    db.users.update_one({"_id": many[token]}, {"$set": {"active": False}})

    clock.now += module.LIFETIME_S
    assert asking(known, others) == {many[other] for other in others}

    assert known.by_token(token, NOW) is None


def test_who_can_not_be_read_spoils_nothing_for_who_is_looked_up_together(db, callers, many, clock):
    known, (token, *others) = callers(), many
    asking(known, many)
    odd = {"$set": {"role": "nonsense"}}
    db.users.update_one({"_id": many[token]}, odd, bypass_document_validation=True)

    clock.now += module.LIFETIME_S
    assert asking(known, others) == {many[other] for other in others}

    with pytest.raises(Unreadable):
        known.by_token(token, NOW)


@pytest.fixture
def gate(monkeypatch, looked_up):
    """Let a look-up that has read wait until it is let through."""

    class Gate:
        entered, opened = threading.Event(), threading.Event()

    original = users.bearers_of

    def bearers_of(db, all_claims, now):
        found = original(db, all_claims, now)
        Gate.entered.set()
        assert Gate.opened.wait(NEVER_S)
        return found

    monkeypatch.setattr(module.users, "bearers_of", bearers_of)
    return Gate


def test_looks_up_together_who_came_during_a_look_up_and_not_before_they_asked(
    db, callers, many, looked_up, gate
):
    """What is changed after the first look-up began is known to all who asked after it."""
    known, (first, *others) = callers(), many
    with ThreadPoolExecutor(4) as pool:
        leader = pool.submit(known.by_token, first, NOW)
        assert gate.entered.wait(NEVER_S)
        followers = [pool.submit(known.by_token, token, NOW) for token in others]
        eventually(lambda: len(known._queues._queues["tokens"].waiters) == 3, "all of them wait")
        db.users.update_many({}, {"$set": {"active": False}})
        gate.opened.set()

        assert leader.result().principal.id == many[first]
        assert [follower.result() for follower in followers] == [None] * 3
    assert len(looked_up) == 2


def test_reads_nothing_for_who_was_found_while_they_waited(callers, many, clock, looked_up, gate):
    """All come at once when their second is over: the one read brings them all."""
    known = callers()
    gate.opened.set()
    asking(known, many)
    clock.now += module.LIFETIME_S
    del looked_up[:]
    gate.opened.clear()
    gate.entered.clear()

    first, *others = many
    with ThreadPoolExecutor(4) as pool:
        leader = pool.submit(known.by_token, first, NOW)
        assert gate.entered.wait(NEVER_S)
        followers = [pool.submit(known.by_token, token, NOW) for token in others]
        eventually(lambda: len(known._queues._queues["tokens"].waiters) == 3, "all of them wait")
        gate.opened.set()
        assert {one.result().principal.id for one in (leader, *followers)} == set(many.values())

    assert looked_up == [set(many.values())]


def test_waits_for_another_look_up_no_longer_than_its_own_time(callers, ada, many, gate):
    known, (token, *_) = callers(), many
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(known.by_token, TOKENS.issue(ada, NOW), NOW)
        assert gate.entered.wait(NEVER_S)
        try:
            with deadline(0.05), pytest.raises(DatabaseUnavailable):
                known.by_token(token, NOW)
        finally:
            gate.opened.set()
        assert first.result()


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
    original = users.bearers_of

    def read_then_changed(db, all_claims, now):
        found = original(db, all_claims, now)
        deactivate(db, handler, ada, token)
        return found

    monkeypatch.setattr(module.users, "bearers_of", read_then_changed)
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

"""Passwords cost one worker no more than one check at a time, and few threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from ticketing.domain.errors import TooManyRequests
from ticketing.domain.identity.users import Role, User
from ticketing.services.signing_in import passwords as module
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.signing_in.verified import Verified

PASSWORD = "correct horse battery"


class Noted:
    """A hasher that notes how often it is asked, and by how many at the same time."""

    def __init__(self, hasher):
        self._hasher = hasher
        self.now = self.most = self.total = 0

    def hash(self, *args):
        return self._note(self._hasher.hash, *args)

    def verify(self, *args):
        return self._note(self._hasher.verify, *args)

    def _note(self, ask, *args):
        self.now += 1
        self.total += 1
        self.most = max(self.most, self.now)
        threading.Event().wait(0.005)
        try:
            return ask(*args)
        finally:
            self.now -= 1


@pytest.fixture
def noted():
    """Passwords and what their hasher noted."""
    passwords = Passwords(memory_kib=8, passes=1, queue=31)
    passwords._hasher = Noted(passwords._hasher)
    return passwords, passwords._hasher


def test_hashes_and_checks_one_at_a_time(noted):
    passwords, hasher = noted
    hashed = passwords.hash(PASSWORD)

    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda n: passwords.check(hashed, PASSWORD), range(16)))
        list(pool.map(passwords.hash, [PASSWORD] * 16))

    assert found == [True] * 16
    assert (hasher.total, hasher.most) == (33, 1)


def test_shows_that_without_turns_many_are_checked_at_the_same_time(noted, monkeypatch):
    """Both guards taken away: the turn, and the one thread."""
    passwords, hasher = noted
    hashed = passwords.hash(PASSWORD)
    open_door = threading.Semaphore(32)
    monkeypatch.setattr(passwords, "turn", lambda: open_door)
    monkeypatch.setattr(passwords, "_thread", ThreadPoolExecutor(16))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: passwords.check(hashed, PASSWORD), range(16)))

    assert hasher.most > 1


@pytest.mark.parametrize("queue", [-1, 0, 1, 5])
def test_refuses_at_once_when_too_many_wait(queue):
    passwords = Passwords(memory_kib=8, passes=1, queue=queue)
    hashed = passwords.hash(PASSWORD)
    refused = threading.Semaphore(0)

    def check(_):
        try:
            return passwords.check(hashed, PASSWORD)
        except TooManyRequests:
            refused.release()
            return "refused"

    with ThreadPoolExecutor(10) as pool:
        with passwords.turn():
            answers = pool.map(check, range(10))
            for _ in range(10 - max(0, queue)):
                assert refused.acquire(timeout=10)
        found = list(answers)

    assert found.count(True) == max(0, queue)
    assert passwords.check(hashed, PASSWORD)


def test_waits_no_longer_than_its_patience(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    passwords = Passwords(memory_kib=8, passes=1)

    with ThreadPoolExecutor(1) as pool, passwords.turn(), pytest.raises(TooManyRequests):
        pool.submit(passwords.hash, PASSWORD).result()

    assert passwords.hash(PASSWORD)


def test_lets_whoever_has_the_turn_hash_and_check():
    passwords = Passwords(memory_kib=8, passes=1, queue=0)

    with passwords.turn():
        assert passwords.check(passwords.hash(PASSWORD), PASSWORD)


# What was found right a moment ago.


def a_user(**known):
    values = {
        "id": "u1", "email": "ada@example.org", "key": "address:ada@example.org",
        "role": Role.CUSTOMER, "active": True,
        "password_hash": "$argon2id$1", "generation": 1, "signed_out": frozenset(),
        "created_at": datetime.now(UTC), "verified": True,
        "sequence": 1,
    }  # fmt: skip
    return User(**{**values, **known})


def test_remembers_who_showed_the_right_password_from_where():
    verified = Verified()
    verified.add("here", a_user(), PASSWORD)

    assert verified.knows("here", a_user(), PASSWORD)
    assert not verified.knows("there", a_user(), PASSWORD)
    assert not verified.knows("here", a_user(), PASSWORD + "!")
    assert not verified.knows("here", a_user(id="u2"), PASSWORD)


def test_forgets_with_whatever_makes_tokens_worthless():
    verified = Verified()
    verified.add("here", a_user(), PASSWORD)

    assert not verified.knows("here", a_user(password_hash="$argon2id$2"), PASSWORD)
    assert not verified.knows("here", a_user(generation=2), PASSWORD)


def test_forgets_after_its_time():
    verified = Verified(lifetime_s=0.0)
    verified.add("here", a_user(), PASSWORD)

    assert not verified.knows("here", a_user(), PASSWORD)


def test_remembers_so_many_and_the_latest():
    verified = Verified(most=3)
    for number in range(10):
        verified.add("here", a_user(id=str(number)), PASSWORD)

    known = [n for n in range(10) if verified.knows("here", a_user(id=str(n)), PASSWORD)]

    assert known == [7, 8, 9]
    assert len(verified._until) == 3


def test_remembers_no_password():
    verified, other = Verified(), Verified()
    for memory in (verified, other):
        memory.add("here", a_user(), PASSWORD)

    assert PASSWORD not in repr(vars(verified))
    assert verified._until.keys() != other._until.keys()  # a key for each process

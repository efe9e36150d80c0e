"""No more wrong passwords than the limit allows, counted before they are checked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import limits
import pytest
from pymongo.read_concern import ReadConcern

from tests.system.waiting import NEVER_S
from ticketing.domain.errors import TooManyRequests, WrongPassword
from ticketing.server.mongod import free_port
from ticketing.services.signing_in import attempts as module
from ticketing.services.signing_in.attempts import Attempts
from ticketing.storage.limits.counting import SharedCounts

HERE, THERE = "203.0.113.7", "203.0.113.8"


def wrong():
    return None


def right():
    return "ada"


@pytest.fixture(params=["shared", "own"])
def worker(request, db, mongodb_uri):
    """Make a worker's attempts, counted with others or, where the store is away, for itself."""
    away = f"mongodb://127.0.0.1:{free_port()}/"

    def make(limit="3 per minute"):
        uri, timeout_s = (mongodb_uri, NEVER_S) if request.param == "shared" else (away, 0.1)
        shared = SharedCounts(uri, db.name, timeout_s=timeout_s)
        return Attempts(limits.parse(limit) if limit else None, shared)

    return make


@pytest.fixture
def workers(db, mongodb_uri):
    """Make so many workers that count together."""

    def make(number, limit="3 per minute"):
        return [
            Attempts(limits.parse(limit), SharedCounts(mongodb_uri, db.name, timeout_s=NEVER_S))
            for _ in range(number)
        ]

    return make


def outcomes(attempts, check, times, source=HERE):
    found = []
    for _ in range(times):
        try:
            found.append(attempts.run(source, check)[0])
        except TooManyRequests:
            found.append("refused")
    return found


def test_allows_as_many_failures_as_the_limit_says_and_no_more(worker):
    attempts = worker()

    assert outcomes(attempts, wrong, 5) == [None] * 3 + ["refused"] * 2
    assert outcomes(attempts, right, 1) == ["refused"]
    assert outcomes(attempts, wrong, 1, THERE) == [None]


def test_counts_no_success(worker):
    attempts = worker()

    assert outcomes(attempts, right, 10) == ["ada"] * 10
    assert outcomes(attempts, wrong, 2) == [None] * 2
    assert outcomes(attempts, right, 10) == ["ada"] * 10


def test_counts_a_wrong_current_password_and_nothing_else_that_is_raised(worker):
    attempts = worker()

    def fail(error):
        with pytest.raises(error):
            attempts.run(HERE, lambda: (_ for _ in ()).throw(error))

    for _ in range(5):
        fail(KeyError)
    for _ in range(3):
        fail(WrongPassword)
    fail(TooManyRequests)
    assert outcomes(attempts, right, 1) == ["refused"]


def test_checks_nothing_where_there_is_no_room(worker):
    attempts, checked = worker(), []

    def check():
        checked.append(1)

    outcomes(attempts, check, 9)

    assert len(checked) == 3


def test_tells_what_is_left_and_when_there_is_room_again(worker):
    attempts = worker()

    standings = [attempts.run(HERE, check)[1] for check in (right, wrong, wrong, wrong)]
    with pytest.raises(TooManyRequests) as first:
        attempts.run(HERE, right)
    with pytest.raises(TooManyRequests) as second:
        attempts.run(HERE, right)

    assert [standing.remaining for standing in standings] == [3, 2, 1, 0]
    assert standings[0].reset_s == 0
    for error in first, second:
        standing = error.value.standing
        assert (standing.policy, standing.quota, standing.window_s) == ("tokens", 3, 60)
        assert (standing.granted, standing.remaining) == (False, 0)
        assert 50 <= standing.reset_s <= 60


def test_makes_room_when_the_time_of_a_failure_is_over(worker):
    attempts = worker("2 per 1 second")

    assert outcomes(attempts, wrong, 3) == [None, None, "refused"]
    with pytest.raises(TooManyRequests) as error:
        attempts.run(HERE, right)
    threading.Event().wait(error.value.standing.reset_s)

    assert outcomes(attempts, right, 1) == ["ada"]


def test_has_no_limit_where_none_is_set(worker):
    assert outcomes(worker(None), wrong, 50) == [None] * 50


@contextmanager
def under_way(attempts):
    """Have an attempt under way for as long as the block; it succeeds."""
    begun, end = threading.Event(), threading.Event()

    def check():
        begun.set()
        assert end.wait(10)
        return "ada"

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(attempts.run, HERE, check)
        try:
            assert begun.wait(10)
            yield
        finally:
            end.set()
        assert future.result()[0] == "ada"


def test_takes_a_place_before_it_checks(worker):
    """The guard itself: counted afterwards, whoever comes meanwhile would see room."""
    attempts = worker("1 per minute")

    with under_way(attempts):
        assert outcomes(attempts, wrong, 1) == ["refused"]


def test_waits_for_those_who_may_give_their_place_back(workers):
    one, other = workers(2, "1 per minute")

    with ThreadPoolExecutor(1) as pool:
        with under_way(one):
            future = pool.submit(other.run, HERE, right)
            threading.Event().wait(0.1)
        assert future.result()[0] == "ada"


def test_counts_those_whose_worker_was_killed(workers, monkeypatch):
    monkeypatch.setattr(module, "_LOST_S", 0.0)
    one, other = workers(2, "1 per minute")

    with under_way(one), pytest.raises(TooManyRequests) as error:
        other.run(HERE, right)

    assert error.value.standing.reset_s > 50


def guessed_at_once(workers, threads=64, times=4):
    """Guess from so many threads, over the workers in turns; tell how many were checked.

    Each worker makes one attempt at a time, as it does behind the turn of its passwords.
    """
    checked = []
    turns = [threading.Lock() for _ in workers]

    def one(number):
        which = number % len(workers)
        for _ in range(times):
            with turns[which]:
                outcomes(workers[which], lambda: checked.append(number), 1)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(threads)))
    return len(checked)


def test_allows_exactly_the_limit_when_many_guess_at_once_over_many_workers(workers):
    assert guessed_at_once(workers(8, "10 per minute")) == 10


def test_shows_that_counting_afterwards_lets_more_through(workers, monkeypatch):
    """The guard taken away: looking first and counting what failed is a race."""
    begin = Attempts._begin

    def look_only(self, limit, source):
        held = begin(self, limit, source)
        held.places.give_back(source, held.tally.place)
        barrier.wait(10)
        return begin(self, limits.parse("1000 per minute"), source)

    barrier = threading.Barrier(8)
    monkeypatch.setattr(Attempts, "_begin", look_only)

    assert guessed_at_once(workers(8, "4 per minute"), threads=8, times=1) == 8


def test_counts_for_itself_exactly_when_many_guess_at_once(db):
    away = SharedCounts(f"mongodb://127.0.0.1:{free_port()}/", db.name, timeout_s=0.1)

    assert guessed_at_once([Attempts(limits.parse("10 per minute"), away)]) == 10


def test_keeps_refusing_when_the_store_goes_away(workers, monkeypatch):
    (attempts,) = workers(1)
    outcomes(attempts, wrong, 4)

    monkeypatch.setattr(attempts._shared, "_closed_until", float("inf"))

    assert outcomes(attempts, right, 1) == ["refused"]


def test_remembers_its_own_failures_when_the_store_goes_away(workers, monkeypatch):
    (attempts,) = workers(1)
    assert outcomes(attempts, wrong, 2) == [None] * 2

    monkeypatch.setattr(attempts._shared, "_closed_until", float("inf"))

    assert outcomes(attempts, wrong, 2) == [None, "refused"]


def test_forgets_attempts_once_they_no_longer_count(workers, db):
    (attempts,) = workers(1)
    outcomes(attempts, wrong, 2)

    # Counting waits for no majority, and neither does this read.
    counts = db.get_collection("rate_attempts", read_concern=ReadConcern("local"))
    document = counts.find_one({"_id": HERE})
    indexes = db.rate_attempts.index_information().values()

    assert len(document["failed"]) == 2
    assert document["under_way"] == []
    assert any(index.get("expireAfterSeconds") == 0 for index in indexes)


# Accounts.

ADA = "ada"


def guess(attempts, source, check=wrong, account=ADA):
    """Try once; return what came of it, or in how many seconds it may be tried again."""
    try:
        return attempts.run(source, check, account)[0]
    except TooManyRequests as error:
        return error.standing.reset_s


def test_counts_failures_for_the_account_wherever_they_come_from(worker):
    attempts = worker("3 per minute")

    found = [guess(attempts, f"203.0.113.{number}") for number in range(20)]

    assert found[:3] == [None] * 3
    assert all(seconds >= 1 for seconds in found[3:])


def test_counts_no_success_for_the_account(worker):
    attempts = worker("3 per minute")

    found = [guess(attempts, f"203.0.113.{number}", right) for number in range(10)]

    assert found == ["ada"] * 10


def test_says_when_each_has_a_turn_and_lets_them_in_then(worker, monkeypatch):
    monkeypatch.setattr(module, "_TURNS_APART_S", 0.5)
    attempts = worker("2 per minute")
    for number in range(2):
        guess(attempts, f"203.0.113.{number}")

    waits = [guess(attempts, f"198.51.100.{number}", right) for number in range(4)]
    threading.Event().wait(2.1)
    found = [guess(attempts, f"198.51.100.{number}", right) for number in range(4)]

    assert waits == sorted(waits)
    assert waits[-1] == 2
    assert found == ["ada"] * 4


def test_a_turn_is_for_who_has_not_failed_and_for_once(worker, monkeypatch):
    monkeypatch.setattr(module, "_TURNS_APART_S", 0.2)
    attempts = worker("2 per minute")
    guess(attempts, HERE)
    guess(attempts, THERE)
    elsewhere = "198.51.100.1"
    guess(attempts, elsewhere)
    threading.Event().wait(0.3)

    assert guess(attempts, elsewhere) is None  # a turn, and a wrong guess
    assert guess(attempts, elsewhere, right) > 1
    threading.Event().wait(0.3)
    assert guess(attempts, HERE, right) > 1
    assert guess(attempts, elsewhere, right) > 1


def test_gives_no_turn_for_which_one_would_wait_too_long(worker, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 7)
    monkeypatch.setattr("ticketing.storage.limits.attempts.LONGEST_WAIT_S", 7)
    attempts = worker("1 per minute")
    guess(attempts, HERE)

    waits = [guess(attempts, f"198.51.100.{number}") for number in range(6)]

    assert waits[:2] == [3, 6]
    assert all(wait > 50 for wait in waits[2:])


def test_gives_the_place_at_the_source_back_where_the_account_has_none(worker):
    """Who was not checked has not failed."""
    attempts = worker("2 per minute")
    for number in range(2):
        guess(attempts, f"203.0.113.{number}")

    for _ in range(5):
        guess(attempts, HERE, right)

    assert outcomes(attempts, right, 1) == ["ada"]


def test_counts_accounts_apart(worker):
    attempts = worker("2 per minute")
    for number in range(4):
        guess(attempts, f"203.0.113.{number}")

    assert guess(attempts, HERE, right, "grace") == "ada"


def test_waits_for_those_who_share_an_account(worker):
    """Fifteen tills with one account, all with the right password."""
    attempts = worker("3 per minute")

    with ThreadPoolExecutor(15) as pool:
        found = list(pool.map(lambda n: guess(attempts, f"203.0.113.{n}", right), range(15)))

    assert found == ["ada"] * 15


def test_allows_exactly_the_limit_at_an_account_over_many_workers(workers):
    each = workers(4, "5 per minute")

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda n: guess(each[n % 4], f"203.0.113.{n}"), range(48)))

    assert found.count(None) == 5

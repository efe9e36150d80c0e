"""How often somebody may ask: never more than a limit says, whoever counts and however ahead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import limits
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.read_concern import ReadConcern

from tests.services.clocks import Clock
from tests.system.waiting import NEVER_S
from ticketing.server.mongod import free_port
from ticketing.services import rates as module
from ticketing.services.rates import OwnWindows, RateLimiter
from ticketing.storage.limits.counting import SharedCounts
from ticketing.storage.limits.windows import COLLECTION, SharedWindows

ADA = "reads/ada"


@pytest.fixture
def clock():
    return Clock(1000.0)


@pytest.fixture
def limiter(db, mongodb_uri, clock):
    """Make a worker's limiter, which counts with all others."""

    def make(limit):
        shared = SharedCounts(mongodb_uri, db.name, timeout_s=NEVER_S)
        made = RateLimiter({"reads": limits.parse(limit)}, shared)
        made._ahead = module._Ahead(clock)
        return made

    return make


@pytest.fixture
def asked(monkeypatch):
    """Note how many each question to the shared counts asked for."""
    noted = []
    original = SharedWindows.take

    def take(self, key, limit, length_s, number, returned=0):
        noted.append(number)
        return original(self, key, limit, length_s, number, returned)

    monkeypatch.setattr(SharedWindows, "take", take)
    return noted


def granted(limiter, times):
    return [limiter.hit("reads", "ada").granted for _ in range(times)].count(True)


@pytest.mark.parametrize("limit", [10, 1000, 4000])
def test_lets_no_more_in_than_a_limit_says_over_many_workers_at_once(limiter, limit):
    workers = [limiter(f"{limit} per hour") for _ in range(3)]
    each = limit // 6

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda n: granted(workers[n % 3], each), range(12)))

    lost = len(workers) * min(module.MOST_AHEAD, limit // module.AHEAD_OF)
    assert limit - lost <= sum(found) <= limit


def test_lets_in_all_that_a_limit_says_where_one_worker_is_asked(limiter):
    assert granted(limiter("1000 per hour"), 1100) == 1000


def test_asks_seldom_for_who_asks_often(limiter, asked):
    worker = limiter("1000000 per minute")

    assert granted(worker, 2000) == 2000
    assert asked[:6] == [1, 2, 4, 8, 16, 32]
    assert len(asked) < 2000 / module.MOST_AHEAD * 2


def test_asks_each_time_where_the_limit_is_small_or_nearly_reached(limiter, asked):
    assert granted(limiter("300 per minute"), 20) == 20
    assert set(asked) == {1}

    del asked[:]
    worker = limiter("1000 per hour")
    worker._shared.ask(lambda: worker._shared.windows().take(ADA, 1000, 3600, 850))
    del asked[:]
    granted(worker, 20)
    assert set(asked[1:]) == {1}


def test_asks_for_as_many_as_were_used_the_last_time(limiter, asked, clock):
    worker = limiter("1000000 per minute")
    for _ in range(6):
        granted(worker, 10)
        clock.now += 4

    assert max(asked) <= 16


def test_asks_for_no_less_than_half_of_the_last_time(limiter, asked, clock):
    worker = limiter("1000000 per minute")
    granted(worker, 127)
    del asked[:]

    for _ in range(3):
        clock.now += 4
        granted(worker, 1)

    assert asked == [32, 16, 8]


def test_uses_nothing_that_was_counted_ahead_a_moment_ago(limiter, asked, clock):
    worker = limiter("1000000 per minute")
    granted(worker, 40)
    before = len(asked)

    clock.now += 3.01
    granted(worker, 1)

    assert len(asked) == before + 1


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [("1000000 per hour", 3), ("1000000 per minute", 3), ("10000 per 10 second", 0.5)],
)
def test_uses_what_it_counted_ahead_for_a_twentieth_of_the_window_and_three_seconds_at_most(
    limiter, asked, clock, limit, seconds
):
    worker = limiter(limit)
    granted(worker, 20)
    before = len(asked)

    clock.now += seconds - 0.01
    granted(worker, 1)
    assert len(asked) == before

    clock.now += 0.01
    granted(worker, 1)
    assert len(asked) == before + 1


def test_says_how_long_it_takes_until_there_is_room_from_now(limiter, asked, clock):
    worker = limiter("1000000 per minute")
    granted(worker, 20)
    before, told = len(asked), worker.hit("reads", "ada").reset_s

    clock.now += 2

    assert worker.hit("reads", "ada").reset_s == told - 2
    assert len(asked) == before


def test_gives_back_what_it_did_not_use_when_it_is_asked_again(limiter, db, clock):
    worker = limiter("4000 per hour")
    for _ in range(50):
        granted(worker, 20)
        clock.now += 4

    counts = db.get_collection(COLLECTION, read_concern=ReadConcern("local"))
    lost = counts.find_one({"_id": ADA})["count"] - 50 * 20

    assert 0 <= lost <= 4000 // module.AHEAD_OF


def test_says_one_less_is_left_with_each(limiter):
    worker = limiter("1000 per hour")

    assert [worker.hit("reads", "ada").remaining for _ in range(300)] == list(range(999, 699, -1))


def test_refuses_with_when_there_is_room_again(limiter):
    worker = limiter("2 per minute")
    granted(worker, 2)

    refused = worker.hit("reads", "ada")

    assert (refused.granted, refused.remaining) == (False, 0)
    assert 1 <= refused.reset_s <= 60


def test_counts_whoever_asks_by_themselves(limiter):
    worker = limiter("1 per minute")

    assert worker.hit("reads", "ada").granted
    assert worker.hit("reads", "grace").granted
    assert not worker.hit("reads", "ada").granted
    assert worker.hit("writes", "ada") is None, "a policy that is none has no limit"


def test_counts_for_itself_while_the_shared_counts_are_away(db, clock):
    away = SharedCounts(f"mongodb://127.0.0.1:{free_port()}/", db.name, timeout_s=0.1)
    alone = []
    worker = RateLimiter({"reads": limits.parse("400 per hour")}, away, alone.append)

    assert granted(worker, 500) == 400
    assert set(alone) == {"reads"}


# The rule, which is written twice: for MongoDB and for a worker alone.

STEPS = st.lists(
    st.tuples(st.integers(0, 150_000), st.integers(1, 6)),  # milliseconds later, so many asked for
    max_size=12,
)


@given(limit=st.integers(1, 12), steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_counts_alone_as_it_counts_with_the_others(mongo, limit, steps):
    db = mongo["windows"]
    db[COLLECTION].drop()
    clock = Clock(1000.0)
    own, shared = OwnWindows(clock), SharedWindows(db[COLLECTION])

    for later_ms, number in steps:
        clock.now += later_ms / 1000
        # MongoDB's own clock can't be set: the window has begun so much earlier instead.
        db[COLLECTION].update_many({}, [{"$set": {"began": {"$subtract": ["$began", later_ms]}}}])
        alone, together = (w.take(ADA, limit, 60, number) for w in (own, shared))
        # A little time passes for MongoDB while this is asked: what hangs on that may differ.
        if together.elapsed_ms - alone.elapsed_ms > 50 or _on_an_edge(alone):
            return
        assert (together.count, together.before) == (alone.count, alone.before)
        assert together.granted == alone.granted <= number
        assert together.remaining(limit) == alone.remaining(limit)


def _on_an_edge(window):
    """Whether a moment more or less makes a difference."""
    part = window.before * window.elapsed_ms / window.length_ms
    return min(part % 1, 1 - part % 1) * window.length_ms < 100 * max(1, window.before)


def test_lets_no_more_in_within_any_window_than_twice_weighted(clock):
    """What was asked for evenly leaves as much room as has gone by of the window before."""
    own = OwnWindows(clock)
    assert own.take(ADA, 60, 60, 60).granted == 60
    clock.now += 60
    assert own.take(ADA, 60, 60, 60).granted == 0
    clock.now += 30
    assert own.take(ADA, 60, 60, 60).granted == 30
    clock.now += 120
    assert own.take(ADA, 60, 60, 60).granted == 60


def test_forgets_who_has_not_asked_for_two_windows(db, limiter):
    worker = limiter("1 per minute")
    worker.hit("reads", "ada")
    (index,) = [i for i in db[COLLECTION].list_indexes() if "expireAfterSeconds" in i]
    counts = db.get_collection(COLLECTION, read_concern=ReadConcern("local"))
    document = counts.find_one({"_id": ADA})

    assert index["expireAfterSeconds"] == 0
    assert document["until"] - document["began"] == timedelta(minutes=2)

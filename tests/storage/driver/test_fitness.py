"""Nothing is sold on a database that lacks its locks, and nobody pays for looking."""

from __future__ import annotations

import threading
from itertools import count

import pytest
from bson import SON
from pymongo.errors import AutoReconnect

from tests.system.waiting import NEVER_S
from ticketing.domain.errors import DatabaseUnavailable, DatabaseUnfit
from ticketing.storage.driver import fitness, readiness
from ticketing.storage.driver.deadlines import deadline, remaining
from ticketing.storage.driver.fitness import Fitness
from ticketing.storage.migrations import schema
from ticketing.storage.migrations.runner import migrate


class Clock:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="module")
def spoilt(mongo):
    """A database that tests spoil and mend, one after the other."""
    db = mongo["test-spoilt"]
    migrate(db)
    yield db
    mongo.drop_database(db.name)


def test_asks_for_several_indexes_at_once_and_each_within_the_time_of_the_look(db, monkeypatch):
    """One after the other `/readyz` is never done where MongoDB is a tenth of a second away."""
    together, known, times = threading.Barrier(2, timeout=NEVER_S), schema._indexes, []
    asked = count()

    def indexes(of, name):
        if next(asked) < 2:
            together.wait()
        times.append(remaining())
        return known(of, name)

    monkeypatch.setattr(schema, "_indexes", indexes)
    with deadline(NEVER_S):
        assert schema.differences(db) == []

    assert len(times) == len(schema.SCHEMA)
    assert max(times) <= NEVER_S


INDEXES = [
    (collection, index.document["name"])
    for collection, table in schema.SCHEMA.items()
    for index in table.indexes
]


@pytest.mark.parametrize(("collection", "index"), INDEXES)
def test_names_each_index_that_is_missing(spoilt, collection, index):
    spoilt[collection].drop_index(index)

    assert fitness.look(spoilt).missing == (f"the index {index} of {collection}",)

    migrate(spoilt)
    assert fitness.look(spoilt).sentences == ()


@pytest.mark.parametrize("collection", schema.SCHEMA)
@pytest.mark.parametrize(
    "change",
    [{"validator": {}}, {"validationAction": "warn"}, {"validationLevel": "moderate"}],
    ids=lambda change: next(iter(change)),
)
def test_names_each_validator_that_is_not_as_it_should_be(spoilt, collection, change):
    spoilt.command({"collMod": collection, **change})

    assert fitness.look(spoilt).missing == (f"the validator of {collection}",)

    migrate(spoilt)
    assert fitness.look(spoilt).sentences == ()


@pytest.mark.parametrize(
    ("keys", "options"),
    [
        ({"day": 1}, {}),
        ({"name": 1}, {"unique": True}),
        ({"day": 1}, {"unique": True, "partialFilterExpression": {"status": "cancelled"}}),
    ],
    ids=["not unique", "of something else", "of other documents"],
)
def test_names_an_index_that_only_has_the_name(spoilt, keys, options):
    spoilt.events.drop_index("one_event_a_day")
    spoilt.events.create_index(list(SON(keys).items()), name="one_event_a_day", **options)

    assert fitness.look(spoilt).missing == ("the index one_event_a_day of events",)

    migrate(spoilt)
    assert fitness.look(spoilt).sentences == ()


def test_names_what_is_missing_in_a_database_with_nothing_in_it(mongo):
    missing = fitness.look(mongo["test-nothing"]).missing

    assert "the collection idempotency" in missing
    assert "the migration 0005_deactivated_users" in missing


def test_readiness_names_what_is_missing(mongo, fresh_db):
    fresh_db.idempotency.drop_index("one_a_key")

    found = readiness.check(mongo, fresh_db)

    assert not found.ready
    assert "the index one_a_key of idempotency" in found.missing[0]


def test_says_which_version_a_newer_database_needs(mongo, fresh_db):
    fresh_db.migrations.insert_one({"_id": "0999_holds", "by": "7.0.0"})

    found = readiness.check(mongo, fresh_db)

    assert (found.ready, found.migrations) == (False, "newer")
    assert "0999_holds" in found.missing[0]
    assert "7.0.0 or newer" in found.missing[0]


def test_looks_before_the_first_change(fresh_db, clock):
    fresh_db.bookings.drop_index("of_event")

    with pytest.raises(DatabaseUnfit):
        Fitness(fresh_db, clock).require(for_changes=True)


def test_lets_reads_go_on_but_for_a_database_that_is_too_new(fresh_db, clock):
    known = Fitness(fresh_db, clock)
    fresh_db.bookings.drop_index("of_event")
    known.require(for_changes=False)

    fresh_db.migrations.insert_one({"_id": "0999_holds"})
    clock.time += 2
    with pytest.raises(DatabaseUnfit):
        known.require(for_changes=False)


def test_asks_mongodb_nothing_while_what_is_known_is_fresh(fresh_db, clock, monkeypatch):
    known = Fitness(fresh_db, clock)
    known.require(for_changes=True)
    monkeypatch.setattr(fitness, "look", lambda _: pytest.fail("it looked"))

    clock.time += fitness.FRESH_S
    known.require(for_changes=True)


def test_looks_in_the_background_while_others_go_on(fresh_db, clock):
    """The change that starts the look still goes by what is known; soon after none does."""
    known = Fitness(fresh_db, clock)
    known.require(for_changes=True)
    fresh_db.bookings.drop_index("of_event")

    clock.time += fitness.FRESH_S + 1
    known.require(for_changes=True)
    assert known._looking.acquire(timeout=10)
    known._looking.release()

    with pytest.raises(DatabaseUnfit):
        known.require(for_changes=True)


def test_does_not_go_by_what_was_known_long_ago(fresh_db, clock):
    known = Fitness(fresh_db, clock)
    known.require(for_changes=True)
    fresh_db.bookings.drop_index("of_event")

    clock.time += fitness.STALE_S + 1

    with pytest.raises(DatabaseUnfit):
        known.require(for_changes=True)


def test_notices_that_it_was_mended(fresh_db, clock):
    fresh_db.bookings.drop_index("of_event")
    known = Fitness(fresh_db, clock)
    with pytest.raises(DatabaseUnfit):
        known.require(for_changes=True)
    migrate(fresh_db)

    clock.time += 2
    known.require(for_changes=True)


def test_goes_by_what_is_known_while_mongodb_is_away(fresh_db, clock, monkeypatch):
    known = Fitness(fresh_db, clock)
    known.require(for_changes=True)

    def fail(_):
        raise AutoReconnect

    monkeypatch.setattr(fitness, "look", fail)
    clock.time += fitness.STALE_S + 1
    known.require(for_changes=True)

    with pytest.raises(DatabaseUnavailable):
        Fitness(fresh_db, clock).require(for_changes=True)


def test_goes_by_what_is_known_where_no_thread_can_be_had(fresh_db, clock, monkeypatch):
    known = Fitness(fresh_db, clock)
    known.require(for_changes=True)

    def fail(_):
        raise RuntimeError("can't start new thread")

    clock.time += fitness.FRESH_S + 1
    with monkeypatch.context() as patch:
        patch.setattr(fitness.threading.Thread, "start", fail)
        known.require(for_changes=True)

    assert not known._looking.locked()

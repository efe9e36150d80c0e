from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import ExecutionTimeout, OperationFailure

from ticketing.storage import migrating, readiness, schema
from ticketing.storage.migrating import MigrationsBlocked, migrate, pending
from ticketing.storage.migrations import MIGRATIONS, Migration


@pytest.fixture
def empty(mongo):
    mongo.drop_database("test-empty")
    yield mongo["test-empty"]
    mongo.drop_database("test-empty")


def counting(name="0001_count", pause_s=0.0):
    def apply(db):
        time.sleep(pause_s)
        db.counter.update_one({"_id": name}, {"$inc": {"n": 1}}, upsert=True)

    return Migration(name, apply)


def times_done(db, name="0001_count"):
    return (db.counter.find_one({"_id": name}) or {"n": 0})["n"]


def test_does_each_migration_once_and_in_order(empty):
    steps = (counting("0001_a"), counting("0002_b"))

    assert migrate(empty, steps) == ["0001_a", "0002_b"]
    assert migrate(empty, steps) == []
    assert pending(empty, steps) == []
    assert (times_done(empty, "0001_a"), times_done(empty, "0002_b")) == (1, 1)


def test_migrates_once_when_many_servers_start_at_once(empty):
    step = (counting(pause_s=0.2),)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: migrate(empty, step), range(8)))

    assert times_done(empty) == 1
    assert sorted(map(len, done)) == [0] * 7 + [1]


def test_without_the_lease_many_servers_migrate_many_times(empty, monkeypatch):
    monkeypatch.setattr(migrating, "_take_lease", lambda *_: True)
    monkeypatch.setattr(migrating, "_run_first", lambda db, step, _: step.apply(db) or [step.name])
    step = counting(pause_s=0.2)

    def start(_):
        if pending(empty, [step]):
            migrating._run_first(empty, step, [step])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(start, range(8)))

    assert times_done(empty) > 1


def test_migrates_once_though_it_takes_longer_than_the_lease(empty):
    step = (counting(pause_s=0.8),)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: migrate(empty, step, lease=timedelta(seconds=0.3)), range(3)))

    assert times_done(empty) == 1


def test_does_a_failed_migration_again(empty):
    def fail(db):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        migrate(empty, (Migration("0001_count", fail),))

    assert migrate(empty, (counting(),)) == ["0001_count"]


def test_takes_over_from_a_server_that_died(empty):
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    empty.leases.insert_one({"_id": "migrations", "holder": "dead", "until": long_ago})

    assert migrate(empty, (counting(),)) == ["0001_count"]


def test_gives_up_waiting_for_a_server_that_does_not_finish(empty):
    later = datetime.now(UTC) + timedelta(hours=1)
    empty.leases.insert_one({"_id": "migrations", "holder": "slow", "until": later})

    with pytest.raises(MigrationsBlocked):
        migrate(empty, (counting(),), patience_s=0.2)
    assert times_done(empty) == 0


def test_has_migrations_in_the_order_of_their_names():
    names = [migration.name for migration in MIGRATIONS]
    assert names == sorted(set(names))


def test_brings_a_database_to_what_the_table_says(empty):
    migrate(empty)

    for name, expected in schema.SCHEMA.items():
        options = empty[name].options()
        assert options["validator"] == expected.validator
        assert set(empty[name].index_information()) == {
            "_id_",
            *(index.document["name"] for index in expected.indexes),
        }


def test_is_not_ready_before_it_has_migrated(mongo, empty):
    assert not readiness.check(mongo, empty).ready

    migrate(empty)

    assert readiness.check(mongo, empty).ready


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ExecutionTimeout("slow", 50), "unreachable"),
        (OperationFailure("interrupted", 11601), "unreachable"),
        (OperationFailure("who are you", 18), "unfit"),
    ],
)
def test_a_slow_answer_says_nothing_about_fitness(mongo, empty, monkeypatch, fault, told):
    def fail(*_):
        raise fault

    monkeypatch.setattr(type(mongo.admin), "command", fail)

    assert readiness.check(mongo, empty).database == told

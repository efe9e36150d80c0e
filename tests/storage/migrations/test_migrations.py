from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect, ExecutionTimeout, NetworkTimeout, OperationFailure

from tests.domain.builders import an_event
from ticketing.storage import leases
from ticketing.storage.documents import EVENTS
from ticketing.storage.driver import fitness, readiness
from ticketing.storage.driver.clients import UnavailableDatabase, UnsupportedDatabase
from ticketing.storage.driver.deadlines import remaining
from ticketing.storage.migrations import MIGRATIONS, Migration, runner, schema
from ticketing.storage.migrations.runner import MigrationsBlocked, migrate, pending


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
    monkeypatch.setattr(runner, "_take_lease", lambda *_: True)
    monkeypatch.setattr(runner, "_run_first", lambda db, step, _: step.apply(db) or [step.name])
    step = counting(pause_s=0.2)

    def start(_):
        if pending(empty, [step]):
            runner._run_first(empty, step, [step])

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
    later = datetime.now(UTC) + timedelta(minutes=1)
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


STATUS_AND_TIME = ["status", "created_at", "event", "sequence"]
OF_BEFORE = ("0001_collections", "0002_bookings", "0003_users")


@pytest.mark.parametrize("done", [OF_BEFORE, OF_BEFORE[:2], OF_BEFORE[:1]], ids=len)
def test_brings_databases_of_before_up_to_date(empty, done):
    """Their migrations are known, their indexes are made, and one that is not needed goes."""
    empty.migrations.insert_many({"_id": name, "at": datetime.now(UTC)} for name in done)
    empty.create_collection("events")
    empty.events.create_index([("day", 1), ("_id", 1)], name="by_day")
    empty.events.create_index("venue", name="of_somebody_else")

    assert migrate(empty)[-1] == "schema"

    assert fitness.look(empty).sentences == ()
    assert runner.newer(empty) is None
    indexes = empty.events.index_information()
    assert "by_day" not in indexes
    assert "of_somebody_else" in indexes


# The indexes of bookings that others have taken the place of, and one that had fewer in it.
BOOKINGS_OF_BEFORE = {
    "of_event": (["event", "status", "sequence"], {"customer": {"$type": "string"}}),
    "waiting_list": (["event", "status", "sequence"], {"status": "waiting"}),
    "of_customer": (["customer", *STATUS_AND_TIME], {"customer": {"$type": "string"}}),
    "by_status_and_time": (STATUS_AND_TIME, {"customer": {"$type": "string"}}),
    "sales_by_time": (STATUS_AND_TIME, {"customer": {"$type": "null"}}),
    "sales_of_seller": (["sold_by", *STATUS_AND_TIME], {"customer": {"$type": "null"}}),
}


def test_makes_fewer_indexes_of_those_that_bookings_had(fresh_db):
    """For each booking that a commit changes MongoDB 6.0 reads the list of all twice for each."""
    for name in ("of_event", "by_customer_and_time", "by_seller_and_time"):
        fresh_db.bookings.drop_index(name)
    for name, (keys, condition) in BOOKINGS_OF_BEFORE.items():
        fresh_db.bookings.create_index(keys, name=name, partialFilterExpression=condition)

    assert migrate(fresh_db) == ["schema"]

    assert fitness.look(fresh_db).sentences == ()
    assert len(fresh_db.bookings.index_information()) <= 11 + len({"_id_"})


def test_mends_the_schema_though_every_migration_is_done(fresh_db):
    fresh_db.events.drop_index("one_event_a_day")

    assert migrate(fresh_db) == ["schema"]
    assert migrate(fresh_db) == []


def test_the_next_one_waits_no_longer_than_the_lease_for_one_that_was_killed(empty):
    """The lease that a killed holder leaves is what the next one has to wait for."""
    assert timedelta(seconds=8) >= runner.LEASE
    leases.take(empty, "migrations", "killed", timedelta(seconds=0.5))

    assert migrate(empty, (counting(),)) == ["0001_count"]


def two_events_a_day(db):
    db.events.drop_index("one_event_a_day")
    for number in (1, 2):
        db.events.insert_one(EVENTS.encode(an_event(id=f"e{number}")))


def two_users_of_one_address(db):
    db.users.drop_index("one_an_email")
    user = {"email": "a@b.c", "email_key": "a@b.c", "role": "staff", "active": True,
            "password_hash": "h", "generation": 1, "signed_out": [],
            "created_at": datetime.now(UTC), "verified": True, "sequence": 1}  # fmt: skip
    db.users.insert_many({"_id": f"u{number}", **user} for number in (1, 2))


def an_oversold_event(db):
    db.command("collMod", "events", validator={})
    db.events.insert_one(EVENTS.encode(an_event(capacity=1, sold=2)))


def a_booking_without_tickets(db):
    db.command("collMod", "bookings", validator={})
    db.bookings.insert_one({"_id": "b7", "event": "e1"})


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (two_events_a_day, r"events .*2024-10-31.*one_event_a_day"),
        (two_users_of_one_address, r"users .*a@b\.c.*one_an_email"),
        (an_oversold_event, r"'e1' of events"),
        (a_booking_without_tickets, r"'b7' of bookings"),
        (lambda db: db.migrations.insert_one({"_id": "0999_holds"}), r"0999_holds"),
    ],
)
def test_tells_in_a_sentence_what_stands_against_it(fresh_db, spoil, told):
    spoil(fresh_db)

    with pytest.raises(UnsupportedDatabase, match=told):
        migrate(fresh_db)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (OperationFailure("not authorized", 13), UnsupportedDatabase),
        (OperationFailure("cannot do that", 20_000), UnsupportedDatabase),
        (AutoReconnect("gone"), UnavailableDatabase),
        (NetworkTimeout("slow"), UnavailableDatabase),
    ],
)
def test_tells_in_a_sentence_what_mongodb_says_to_it(empty, fault, told):
    def fail(db):
        raise fault

    with pytest.raises(told):
        migrate(empty, (Migration("0001_count", fail),))
    assert pending(empty, (counting(),)) != []


def test_tells_in_a_sentence_that_a_document_stands_against_it(fresh_db):
    """An event called off before there were reasons, whose entries somebody has spoilt."""
    fresh_db.migrations.delete_one({"_id": "0004_cancellations"})
    for name in ("bookings", "audit"):
        fresh_db.command("collMod", name, validator={})
    fresh_db.bookings.insert_one({"_id": "b1", "event": "e1", "sequence": 1, "status": "cancelled"})
    fresh_db.audit.insert_one({"event": "e1", "sequence": 1, "action": "cancelled"})

    with pytest.raises(UnsupportedDatabase, match="0004_cancellations"):
        migrate(fresh_db)


def test_lets_a_long_migration_take_its_time(empty):
    """A request's time is over after 8 s; the index of a large collection takes longer."""
    seen = []
    migrate(empty, (Migration("0001_long", lambda db: seen.append(remaining())),))

    assert 3600 < seen[0] < math.inf

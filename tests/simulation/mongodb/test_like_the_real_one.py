"""The MongoDB in memory does as the real one does, to the same transactions in the same order.

Two and three transactions are interleaved, step by step, on both. Compared is what each step finds
or is refused with, as the unit of work tells refusals apart, and what is stored at the end.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from tests.simulation.mongodb.driver import Client
from tests.simulation.mongodb.server import Server
from tests.simulation.simulation import unique_indexes
from ticketing.storage import leases
from ticketing.storage.driver.units_of_work import is_conflict
from ticketing.storage.writes import turns

EVENTS = ("e1", "e2")
NAMES = ("ada", "grace", "linus")


class Straight:
    """A network that loses nothing."""

    def ask(self, what: str, do: Callable[[], Any]) -> Any:
        del what
        return do()

    def pause(self, seconds: float) -> None:
        raise AssertionError(f"waits {seconds} s for a transaction that never ends")

    def defeats(self) -> bool:
        return False


class Clock:
    """MongoDB's time, where it stands in."""

    def __init__(self) -> None:
        self.now = datetime(2024, 10, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> Any:
    return Client(Server(unique_indexes(), clock), Straight(), "memory").database


@pytest.fixture
def bare(db: Any) -> Iterator[Any]:
    """The real one, with its indexes and without its validators: the other has none."""
    names = ["events", "bookings", "customers", "audit", "idempotency"]
    before = {each["name"]: each["options"] for each in db.list_collections()}
    for name in names:
        db.command("collMod", name, validationLevel="off")
    yield db
    for name in names:
        db.command("collMod", name, validationLevel=before[name]["validationLevel"])


def a_booking(id_: str, event: str, customer: str | None, sequence: int, status: str) -> Any:
    return {"_id": id_, "event": event, "customer": customer, "sequence": sequence,
            "status": status, "tickets": 1}  # fmt: skip


def filled(db: Any) -> None:
    for number, event in enumerate(EVENTS):
        db.events.insert_one({"_id": event, "sold": 1, "capacity": 3, "sequence": 1,
                              "status": "scheduled", "day": f"2024-10-0{number + 1}"})  # fmt: skip
        db.bookings.insert_many([a_booking(f"b-{event}", event, "ada", 1, "confirmed")])
    db.customers.insert_many([{"_id": "ada", "key": "a"}])


@dataclass(frozen=True)
class Draw:
    """What one step is about, drawn from a seed; `number` tells it from all others."""

    number: int
    event: str
    other: str
    name: str
    holder: str | None
    sequence: int
    status: str
    more: int
    key: str
    record: str

    @classmethod
    def by(cls, chance: random.Random, number: int) -> Draw:
        event, other, name = (chance.choice(some) for some in (EVENTS, EVENTS, NAMES))
        return cls(
            number, event, other, name, chance.choice([name, None]), chance.randint(2, 3),
            chance.choice(["confirmed", "waiting", "cancelled"]), chance.choice([0, 1, 2]),
            chance.choice(["a", "g"]), chance.choice(["k1", "k2"]),
        )  # fmt: skip


# Steps of a transaction, as the write path takes them.


def find(db: Any, s: Any, d: Draw) -> Any:
    return db.events.find_one({"_id": d.event}, session=s)


def find_waiting(db: Any, s: Any, d: Draw) -> Any:
    wanted = {"event": d.event, "status": "waiting"}
    return [*db.bookings.find(wanted, session=s).sort("sequence", 1)]


def find_active(db: Any, s: Any, d: Draw) -> Any:
    active = {"status": {"$in": ["confirmed", "waiting"]}}
    of_somebody = {"customer": {"$in": list(NAMES), "$type": "string"}}
    found = db.bookings.find({"event": d.event, **active, **of_somebody}, session=s)
    return sorted(document["_id"] for document in found)


def find_together(db: Any, s: Any, d: Draw) -> Any:
    stages = [
        {"$lookup": {"from": name, "as": f"of_{name}", "pipeline": [{"$match": conditions}]}}
        for name, conditions in (
            ("customers", {"$or": [{"key": {"$in": [d.key], "$type": "string"}}, {"_id": d.name}]}),
            ("bookings", {"event": d.event, "customer": {"$type": "null"}}),
        )
    ]
    found = list(db.events.aggregate([{"$match": {"_id": d.event}}, *stages], session=s))
    for each in found:
        each["of_bookings"].sort(key=lambda document: str(document["_id"]))
        each["of_customers"].sort(key=lambda document: str(document["_id"]))
    return found


def end_all(db: Any, s: Any, d: Draw) -> Any:
    ended = UpdateMany({"_id": {"$in": ["b-e1", "b-e2"]}, "status": "confirmed"},
                       {"$set": {"status": "cancelled"}})  # fmt: skip
    return db.bookings.bulk_write([ended], ordered=True, session=s).matched_count


def count(db: Any, s: Any, d: Draw) -> Any:
    before = {"event": d.event, "sequence": {"$lt": d.sequence}}
    return db.bookings.count_documents(before, session=s)


def lock(db: Any, s: Any, d: Draw) -> Any:
    db.events.update_one({"_id": d.event}, {"$inc": {"turn": 1}}, session=s)


def sell(db: Any, s: Any, d: Draw) -> Any:
    fits = {"$expr": {"$lte": [{"$add": ["$sold", d.more]}, "$capacity"]}}
    return db.events.find_one_and_update(
        {"_id": d.event, "sequence": 1, **fits},
        {"$set": {"booked": True}, "$inc": {"sold": d.more, "sequence": 1}},
        projection={"_id": True},
        session=s,
    )


def book(db: Any, s: Any, d: Draw) -> Any:
    new = a_booking(f"new-{d.number}", d.event, d.holder, d.sequence, d.status)
    return db.bookings.bulk_write([InsertOne(new)], ordered=True, session=s).matched_count


def cancel(db: Any, s: Any, d: Draw) -> Any:
    update = {"$set": {"status": "cancelled"}, "$unset": {"offer": True}}
    operation = UpdateOne({"_id": f"b-{d.other}", "status": "confirmed"}, update)
    return db.bookings.bulk_write([operation], ordered=True, session=s).matched_count


def rebook(db: Any, s: Any, d: Draw) -> Any:
    operations = [
        UpdateOne({"_id": f"b-{d.event}"}, {"$set": {"status": "cancelled"}}),
        InsertOne(a_booking(f"re-{d.number}", d.event, "ada", 3, "confirmed")),
    ]
    return db.bookings.bulk_write(operations, ordered=True, session=s).matched_count


def move(db: Any, s: Any, d: Draw) -> Any:
    operation = UpdateOne({"_id": f"b-{d.event}"}, {"$set": {"event": d.other, "sequence": 2}})
    return db.bookings.bulk_write([operation], ordered=True, session=s).matched_count


def note(db: Any, s: Any, d: Draw) -> Any:
    entry = {"_id": f"{d.event}-{d.number}", "event": d.event, "sequence": d.sequence}
    db.audit.insert_many([entry], session=s)


def meet(db: Any, s: Any, d: Draw) -> Any:
    db.customers.insert_many([{"_id": f"{d.name}-{d.number}", "key": d.key}], session=s)


def keep(db: Any, s: Any, d: Draw) -> Any:
    return db.customers.update_many(
        {"_id": {"$in": ["ada"]}, "key": {"$type": "string"}},
        {"$unset": {"idle_since": True}, "$set": {"seen": d.number}},
        session=s,
    ).matched_count


def record(db: Any, s: Any, d: Draw) -> Any:
    key = {"caller": "ada", "key": d.record}
    free = {"$or": [{"good_until": {"$exists": False}}, {"good_until": None}]}
    after = {**key, "body": d.number, "good_until": 1}
    operation = ReplaceOne({**key, **free}, after, upsert=True)
    return db.idempotency.bulk_write([operation], session=s).matched_count


STEPS: Sequence[Callable[[Any, Any, Draw], Any]] = (
    find, find_waiting, find_active, find_together, count, end_all, lock, sell, book, cancel,
    rebook, move, note, meet, keep, record,
)  # fmt: skip


def outcome(step: Callable[[], Any]) -> Any:
    """Return what a step comes to, or how its refusal is told from others."""
    try:
        return step()
    except PyMongoError as error:
        transient = error.has_error_label("TransientTransactionError")
        return "conflict" if is_conflict(error) else repr(error), transient


def played(db: Any, seed: int, transactions: int) -> Iterator[Any]:
    """Interleave transactions, each ended by a commit or an abort; go on where one was refused."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        sessions = []
        for _ in range(transactions):
            session = stack.enter_context(db.client.start_session())
            session.start_transaction(ReadConcern("snapshot"), WriteConcern("majority"))
            # Its snapshot is of its first operation.
            yield "begin", outcome(partial(db.events.find_one, {"_id": "e1"}, session=session))
            sessions.append(session)
        left = {number: chance.randint(1, 4) for number in range(transactions)}
        steps = 0
        while left:
            steps += 1
            number = chance.choice(sorted(left))
            session = sessions[number]
            step, draw = chance.choice(STEPS), Draw.by(chance, steps)
            ends = chance.random()
            if left[number] > 0:
                left[number] -= 1
                found = outcome(partial(step, db, session, draw))
                yield number, step.__name__, found
                if isinstance(found, tuple):
                    session.abort_transaction()
                    del left[number]
            else:
                del left[number]
                end = session.commit_transaction if ends < 0.8 else session.abort_transaction
                yield number, "ends", outcome(end)
    for name in ("events", "bookings", "customers", "audit", "idempotency"):
        documents = [*db[name].find({})]
        if name == "idempotency":  # whose ids each server makes itself
            documents = [{**document, "_id": document["key"]} for document in documents]
        yield name, sorted(documents, key=lambda document: str(document["_id"]))


@pytest.mark.parametrize("transactions", [2, 3])
def test_plays_the_same_transactions_to_the_same_end(
    bare: Any, memory: Any, clock: Clock, transactions: int
) -> None:
    names = ["events", "bookings", "customers", "audit", "idempotency"]
    refused = 0
    for seed in range(30):
        for name in names:
            bare.get_collection(name, write_concern=WriteConcern(1)).delete_many({})
        memory = Client(Server(unique_indexes(), clock), Straight(), "memory").database
        filled(bare)
        filled(memory)

        real, stands_in = (list(played(db, seed, transactions)) for db in (bare, memory))

        assert stands_in == real, seed
        refused += sum(isinstance(step[-1], tuple) for step in real)
    assert refused > 10


def test_takes_and_gives_back_turns_alike(bare: Any, memory: Any, clock: Clock) -> None:
    """The clock of the one in memory stands still meanwhile, which no turn is short enough for."""

    def steps(db: Any, later: Callable[[], None]) -> Sequence[object]:
        found: list[object] = [
            turns.take(db, "e1", "a", 3600),
            turns.take(db, "e1", "b", 3600),
            turns.take(db, "e1", "c", 3600),
            *(turns.is_worth_asking(db, "e1", holder) for holder in "abc"),
            turns.give_back(db, "e1", "b"),
            turns.give_back(db, "e1", "a"),
            *(turns.is_worth_asking(db, "e1", holder) for holder in "abc"),
            turns.take(db, "e1", "c", 3600),
            turns.take(db, "e1", "b", 0.02),
            turns.give_back(db, "e1", "b"),
            turns.take(db, "e1", "d", 0.02),
        ]
        later()
        found += [turns.take(db, "e1", "e", 3600)]
        turns.leave(db, "e1", "d")
        return [*found, turns.give_back(db, "e1", "e"), turns.give_back(db, "e1", "c")]

    def wait() -> None:
        bare.client.admin.command({"sleep": 1, "lock": "none", "millis": 50})

    def set_forward() -> None:
        clock.now += timedelta(milliseconds=50)

    assert steps(memory, set_forward) == steps(bare, wait)


def test_takes_leases_alike(bare: Any, memory: Any) -> None:
    def steps(db: Any) -> Sequence[object]:
        hour = timedelta(hours=1)
        return [leases.take(db, "recovery", name, hour) for name in ("a", "b", "a", "b")]

    assert steps(memory) == steps(bare) == [True, False, True, False]


def test_waits_outside_of_transactions_for_who_is_in_the_way(memory: Any) -> None:
    filled(memory)
    with memory.client.start_session() as session:
        session.start_transaction()
        memory.events.update_one({"_id": "e1"}, {"$inc": {"turn": 1}}, session=session)

        with pytest.raises(AssertionError, match="waits"):
            memory.events.update_one({"_id": "e1"}, {"$inc": {"turn": 1}})


def test_knows_no_more_than_it_was_taught(memory: Any) -> None:
    filled(memory)
    with pytest.raises(NotImplementedError, match=r"\$regex"):
        list(memory.events.find({"_id": {"$regex": "e"}}))
    with pytest.raises(NotImplementedError, match=r"\$pull"):
        memory.events.update_one({"_id": "e1"}, {"$pull": {"list": 1}})
    assert memory.leases.bulk_write([DeleteOne({"_id": "none"})]).matched_count == 0

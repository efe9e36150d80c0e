"""An event is verified in steps: nothing is missed at their borders, however small they are."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest

from bench.verifying import fill
from tests.domain.all_at_once import differences
from tests.domain.builders import ADA, GRACE, LINUS, NOW, a_customer, a_new_event, book, sell
from tests.domain.world import World
from ticketing.domain.bookings import Share
from ticketing.domain.commands.bookings import Cancel, CancelFor, Resize
from ticketing.domain.commands.events import CallOff, Change
from ticketing.domain.commands.sales import Return
from ticketing.domain.commands.transfers import Transfer
from ticketing.domain.identity.caller import Caller
from ticketing.services.verification import Reading, verify
from ticketing.storage.documents import AUDIT, BOOKINGS, CUSTOMERS, EVENTS
from ticketing.storage.migrations import schema

CALLER = Caller("ada", "r1")
LATER = NOW + timedelta(days=1)


@pytest.fixture
def world():
    """A full event with sales, some who wait, and some who have been served."""
    world = World(capacity=6, price=500)
    people = [a_customer(f"guest {n}") for n in range(9)]
    world.do(sell(1, booking="s"), book(ADA, 2, booking="a"), book(GRACE, booking="g"))
    world.do(sell(2, booking="t"), *(book(guest) for guest in people[:4]))
    world.do(Change({"price": 700}), *(book(guest) for guest in people[4:]))
    world.do(Return("s"), Resize("a", 1), Transfer("a", LINUS), CancelFor(people[6]))
    world.check()
    return world


def stored(db, world):
    """Write a world past the validators, as a hand would."""
    for name, codec, values in (
        ("events", EVENTS, [world.event]),
        ("bookings", BOOKINGS, world.bookings.values()),
        ("customers", CUSTOMERS, world.customers.values()),
        ("audit", AUDIT, world.trail),
    ):
        documents = [codec.encode(value) for value in values]
        db[name].insert_many(documents, bypass_document_validation=True)


def in_steps(db, at_once):
    """What is told of the event, but for what only the database knows of it."""
    told = [sentence for _, sentence in verify(db, "e1", at_once=at_once)]
    return [sentence for sentence in told if not sentence.startswith("statistics")]


def an_entry(world, number, **wrong):
    world.trail[number] = replace(world.trail[number], **wrong)


def a_booking(world, id_, **wrong):
    world.bookings[id_] = replace(world.bookings[id_], **wrong)


def waiting(world, number):
    return world.waiting()[number].id


TAMPERINGS = {
    "nothing": lambda world: None,
    "sold": lambda world: an_entry(world, 3, sold=1),
    "waiting": lambda world: an_entry(world, 8, waiting=0),
    "total of an entry": lambda world: an_entry(world, 4, total=1),
    "another's booking": lambda world: an_entry(world, -3, booking=waiting(world, 1)),
    "a gap": lambda world: world.trail.pop(5),
    "two gaps": lambda world: (world.trail.pop(9), world.trail.pop(2)),
    "who waits is another": lambda world: an_entry(world, 7, customer=LINUS),
    "a lost sale": lambda world: world.bookings.pop("s"),
    "a lost wait": lambda world: world.bookings.pop(waiting(world, 0)),
    "an invented booking": lambda world: world.bookings.update(
        x=replace(world.bookings["t"], id="x", sequence=77)
    ),
    "one more waits": lambda world: a_booking(world, "t", status="waiting", total=None),
    "the first waits no more": lambda world: a_booking(
        world, waiting(world, 0), status="confirmed", total=700
    ),
    "more tickets": lambda world: a_booking(world, "a", tickets=2),
    "shares": lambda world: a_booking(world, "a", shares=(Share(GRACE.id, 1),)),
    "moments": lambda world: a_booking(world, "s", cancelled_at=LATER, created_at=LATER),
    "capacity": lambda world: setattr(world, "event", replace(world.event, capacity=9)),
    "revenue": lambda world: setattr(world, "event", replace(world.event, revenue=1)),
    "ever booked": lambda world: setattr(world, "event", replace(world.event, ever_booked=False)),
    "called off": lambda world: world.do(CallOff()),
    "called off, but one": lambda world: (
        world.do(CallOff()),
        a_booking(world, "g", status="confirmed", cancelled_at=None, reason=None),
    ),
}


@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=TAMPERINGS)
def test_finds_in_steps_what_one_look_finds(db, world, tamper):
    """The domain's own tests show that one look at everything finds what it should."""
    tamper(world)
    at_one_look = list(differences(world.event, world.bookings.values(), world.trail))

    stored(db, world)

    for at_once in (1, 2, 5, 1_000):
        assert sorted(in_steps(db, at_once)) == sorted(at_one_look), at_once


def test_reads_each_entry_once(db, world):
    stored(db, world)
    reading = Reading()

    assert list(verify(db, "e1", reading, at_once=2)) == []

    assert (reading.events, reading.entries) == (1, len(world.trail))


def test_names_a_customer_who_is_not_there_once(db, world):
    world.bookings["old"] = replace(world.bookings["s"], id="old", sequence=99, customer=LINUS)
    stored(db, world)
    db.customers.delete_one({"_id": LINUS.id})

    told = [sentence for sentence in in_steps(db, 1) if sentence.startswith("customer")]

    assert told == [f"customer {LINUS.id}: a booking names them, and they are not there"]


@pytest.mark.parametrize(
    "sequence",
    [None, "5", 0, -1, 4.5, float("nan"), True, [], [0.5, 30.5], [7.5, 5.5], {}, 2**60],
    ids=repr,
)
def test_names_what_has_no_place_in_the_order(db, world, sequence):
    stored(db, world)
    by_hand = {"bypass_document_validation": True}
    db.bookings.update_one({"_id": "t"}, {"$set": {"sequence": sequence}}, **by_hand)
    db.audit.update_one({"event": "e1", "sequence": 6}, {"$set": {"sequence": sequence}}, **by_hand)

    for at_once in (1, 2, 3):
        told = in_steps(db, at_once)

        for name in ("bookings", "audit"):
            assert len([t for t in told if f"of {name} can't be read: sequence is" in t]) == 1, told
        assert "booking t: it is in the trail but not there" in told
        assert any("comes after entry 5" in sentence for sentence in told)


def test_finds_all_that_has_one_number_where_no_index_keeps_it_unique(fresh_db, world):
    fresh_db.audit.drop_index("one_a_sequence")
    for index in ("one_a_sequence", "one_active_a_customer"):
        fresh_db.bookings.drop_index(index)
    world.trail.insert(4, world.trail[4])
    for id_ in ("x", "y"):
        world.bookings[id_] = replace(world.bookings["g"], id=id_)
    at_one_look = list(differences(world.event, world.bookings.values(), world.trail))
    assert f"customer {GRACE.id} has 3 active bookings" in at_one_look
    stored(fresh_db, world)

    for at_once in (1, 2, 3, 4):
        told = [sentence for id_, sentence in verify(fresh_db, "e1", at_once=at_once) if id_]

        assert sorted(t for t in told if "statistics" not in t) == sorted(at_one_look), at_once


def test_finds_nothing_wrong_with_what_is_changed_meanwhile(db, handler):
    """Bookings change after they have been compared, leave, end, and new ones come."""

    def do(*commands, on="e1"):
        for command in commands:
            handler.execute(command, on=on, caller=CALLER)

    guests = [a_customer(f"guest {n}") for n in range(12)]
    do(a_new_event(capacity=8))
    do(sell(1, "s"), sell(1, "t"), book(ADA, 2, booking="a"), book(GRACE, booking="g"))
    do(*(book(guest) for guest in guests[:6]))
    commands = [
        book(guests[6]), Resize("a", 1), Transfer("a", LINUS), Return("s"), book(guests[7], 3),
        Change({"price": 900}), CancelFor(guests[0]), Cancel("a"), book(ADA, booking="a2"),
        CancelFor(guests[7]), Change({"capacity": 9}), sell(1, "u"), Return("t"), CancelFor(GRACE),
        book(GRACE, booking="g2"), *(book(guest) for guest in guests[8:]), CallOff(),
    ]  # fmt: skip

    def once_more(reading):
        """As many as have been compared: so they come between the steps."""
        if commands and reading.compared > len(done):
            done.append(commands.pop(0))
            do(done[-1])

    while commands:
        done = []
        assert list(verify(db, "e1", Reading(progressed=once_more), at_once=2)) == []
        assert len(done) > 5


def test_finds_what_no_validator_would_have_let_in_some_at_a_time(fresh_db, world):
    stored(fresh_db, world)
    odd = [17, None, {"a": 1}, "zz", True]
    fresh_db.second_factors.insert_many(
        [{"_id": id_} for id_ in odd], bypass_document_validation=True
    )
    by_hand = {"bypass_document_validation": True}
    fresh_db.bookings.update_one({"_id": "t"}, {"$set": {"tickets": 0}}, **by_hand)
    fresh_db.drop_collection("outbox")

    for at_once in (1, 2, 4, 100):
        told = list(schema.misfits(fresh_db, at_once))

        assert len(told) == 1 + len(odd)
        assert "the document 't' of bookings is not as it has to be" in told
        assert all(any(repr(id_) in sentence for sentence in told) for id_ in odd)


def test_keeps_little_in_memory_whatever_the_size_of_an_event(db, handler):
    """What SQLite holds is bounded by its cache; this is what Python holds."""
    peaks = []
    for wanted in (2_000, 20_000):
        for name in ("events", "bookings", "audit", "customers"):
            db[name].delete_many({})
        fill(db, handler, wanted)
        tracemalloc.start()
        assert list(verify(db, "large", at_once=200)) == []
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.2 * peaks[0]

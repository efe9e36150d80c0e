"""The locks that hold even if the code is wrong, and what happens without them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pymongo.errors import DuplicateKeyError, OperationFailure, WriteError

from tests.domain.builders import NOW, a_sale, an_event
from ticketing.domain.changes.change_set import BookingWrite
from ticketing.storage import events
from ticketing.storage.documents import BOOKINGS
from ticketing.storage.driver.units_of_work import Conflict, unit_of_work
from ticketing.storage.writes import change_sets


@pytest.fixture
def db(fresh_db):
    """A database whose locks may be taken off."""
    return fresh_db


def insert(db, event):
    with db.client.start_session() as session:
        change_sets.write_event(db, None, event, session)


def test_mongodb_refuses_an_oversold_event_even_by_hand(db):
    insert(db, an_event(capacity=10))

    with pytest.raises(WriteError, match="validation"):
        db.events.update_one({"_id": "e1"}, {"$set": {"sold": 11}})
    with pytest.raises(WriteError, match="validation"):
        db.events.update_one({"_id": "e1"}, {"$set": {"sold": -1}})


def test_without_the_validator_a_hand_could_oversell(db):
    db.command("collMod", "events", validator={})
    insert(db, an_event(capacity=10))

    db.events.update_one({"_id": "e1"}, {"$set": {"sold": 11}})

    assert events.get(db, "e1").sold == 11


@pytest.mark.parametrize(
    "change",
    [{"capacity": 0}, {"capacity": 1.5}, {"name": None}, {"status": "open"}, {"day": "31/10/2024"}],
)
def test_mongodb_refuses_an_event_that_makes_no_sense(db, change):
    insert(db, an_event())

    with pytest.raises(WriteError, match="validation"):
        db.events.update_one({"_id": "e1"}, {"$set": change})


def test_mongodb_keeps_one_event_a_day(db):
    insert(db, an_event(id="e1"))

    with pytest.raises(DuplicateKeyError):
        insert(db, an_event(id="e2"))


def test_lets_called_off_deleted_and_undated_events_share_a_day(db):
    for number, status in enumerate(["scheduled", "cancelled", "cancelled", "deleted", "deleted"]):
        insert(db, an_event(id=f"e{number}", status=status))
    for number in (7, 8):
        insert(db, an_event(id=f"e{number}", day=None))

    assert db.events.count_documents({}) == 7


def test_mongodb_uses_no_sequence_number_twice(db):
    for collection in (db.bookings, db.audit):
        assert collection.index_information()["one_a_sequence"]["unique"]


def test_refuses_to_write_over_a_state_that_has_moved_on(db):
    insert(db, an_event(sequence=1))
    read = events.get(db, "e1")
    with db.client.start_session() as session:
        change_sets.write_event(
            db, read, replace(read, sold=1, sequence=2, ever_booked=True), session
        )

        with pytest.raises(Conflict):
            change_sets.write_event(
                db, read, replace(read, sold=2, sequence=2, ever_booked=True), session
            )

    assert events.get(db, "e1").sold == 1


def test_the_capacity_condition_holds_though_the_fence_is_gone(db):
    insert(db, an_event(capacity=10, sold=0, sequence=1))
    read = events.get(db, "e1")
    db.command("collMod", "events", validator={})
    db.events.update_one({"_id": "e1"}, {"$set": {"sold": 9}})  # sequence left as it was

    with db.client.start_session() as session, pytest.raises(Conflict):
        change_sets.write_event(db, read, replace(read, sold=2, sequence=2), session)


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "staff", "cancelled_at": NOW},  # and is not cancelled
        {"status": "waiting", "reason": "staff", "cancelled_at": NOW},
        {"status": "cancelled", "reason": "staff"},
        {"status": "cancelled", "cancelled_at": NOW},
        {"status": "cancelled", "reason": "mood", "cancelled_at": NOW},
        {"status": "cancelled", "reason": "staff", "cancelled_at": "today"},
    ],
)
def test_mongodb_takes_no_end_that_makes_no_sense(db, wrong):
    row = BOOKINGS.encode(a_sale())
    db.bookings.insert_one({**row, "status": "cancelled", "reason": "staff", "cancelled_at": NOW})
    db.bookings.delete_one({"_id": row["_id"]})

    with pytest.raises(WriteError):
        db.bookings.insert_one({**row, **wrong})


def test_refuses_to_change_a_booking_that_is_not_as_it_was_read(db):
    sale = a_sale(tickets=3)
    with db.client.start_session() as session:
        change_sets.write_bookings(db, [BookingWrite(None, sale)], session)
        returned = replace(sale, status="cancelled")
        change_sets.write_bookings(db, [BookingWrite(sale, returned)], session)

        with pytest.raises(Conflict):
            change_sets.write_bookings(db, [BookingWrite(sale, returned)], session)


@pytest.mark.parametrize("changed", [{"tickets": 1}, {"status": "waiting"}])
def test_ends_no_bookings_of_which_one_is_not_as_it_was_read(db, changed):
    sales = [a_sale(id=f"s{n}", tickets=2, sequence=n + 1) for n in range(5)]
    ends = [BookingWrite(sale, replace(sale, status="cancelled")) for sale in sales]
    db.bookings.insert_many([BOOKINGS.encode(sale) for sale in sales])
    db.bookings.update_one({"_id": "s3"}, {"$set": changed})

    with db.client.start_session() as session, pytest.raises(Conflict):
        change_sets.write_bookings(db, ends, session)


def race_for_the_last_ticket(db, sell_one, buyers=16):
    """Let many read the event before any of them writes; count who was told that they bought."""
    insert(db, an_event(capacity=1))
    all_have_read = threading.Barrier(buyers)

    def buy(_):
        read = events.get(db, "e1")
        all_have_read.wait()
        return sell_one(read)

    with ThreadPoolExecutor(buyers) as pool:
        return sum(pool.map(buy, range(buyers)))


def test_the_conditional_update_sells_the_last_ticket_once(db):
    def sell_one(read):
        after = replace(read, sold=read.sold + 1, sequence=read.sequence + 1)
        try:
            unit_of_work(
                db.client,
                lambda session: change_sets.write_event(db, read, after, session),
                seconds=8,
            )
        except Conflict:
            return False
        return True

    assert race_for_the_last_ticket(db, sell_one) == 1


def test_a_read_and_a_write_without_the_condition_sell_it_many_times(db):
    def sell_one(read):
        if read.available < 1:
            return False
        db.events.update_one({"_id": read.id}, {"$set": {"sold": read.sold + 1}})
        return True

    assert race_for_the_last_ticket(db, sell_one) > 1


def test_a_check_without_the_index_puts_two_events_on_a_day(db):
    db.events.drop_index("one_event_a_day")
    both_have_looked = threading.Barrier(2)

    def create(id_):
        with db.client.start_session() as session:
            event = an_event(id=id_)
            assert not events.days_taken(db, [event.day], but_by=id_, session=session)
            both_have_looked.wait()
            change_sets.write_event(db, None, event, session)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(create, ["e1", "e2"]))

    assert db.events.count_documents({"day": "2024-10-31"}) == 2


def test_writes_all_of_a_unit_of_work_or_nothing(db):
    def work(session):
        change_sets.write_event(db, None, an_event(), session)
        raise RuntimeError("a crash between two lines")

    with pytest.raises(RuntimeError):
        unit_of_work(db.client, work, seconds=8)

    assert db.events.count_documents({}) == 0


def test_passes_on_what_is_no_conflict(db):
    def work(session):
        db.events.insert_one({"_id": "nonsense"}, session=session)

    with pytest.raises(OperationFailure, match="validation"):
        unit_of_work(db.client, work, seconds=8)

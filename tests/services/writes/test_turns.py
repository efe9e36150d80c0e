"""Who has to wait for whom, where hosts share nothing but MongoDB."""

from __future__ import annotations

import threading
from datetime import date
from itertools import count

import pytest
from pymongo.errors import AutoReconnect

from tests.domain.builders import CALLER, a_new_event, named, sell
from tests.domain.builders import book as a_booking_of
from tests.services.conftest import a_handler, keyed
from tests.storage.writes.test_turns import others_have, stored
from tests.system.checks import check_event
from tests.system.waiting import NEVER_S
from ticketing.domain.errors import Busy
from ticketing.services.verification import verify
from ticketing.services.writes import host_lock
from ticketing.services.writes import turns as module
from ticketing.services.writes.turns import Turns
from ticketing.storage import events
from ticketing.storage.writes import idempotency, turns


@pytest.fixture
def host(mongo, db, tmp_path, monkeypatch):
    """Makes handlers, each as on a host of its own: without a folder that they share."""

    def make(name, **known):
        folder = tmp_path / name
        folder.mkdir()
        with monkeypatch.context() as own:
            own.setattr("ticketing.services.writes.host_lock.shared_folder", lambda _: folder)
            return a_handler(mongo, db, **known)

    return make


@pytest.fixture
def event(handler):
    return handler.execute(a_new_event(capacity=30), on="e1", caller=CALLER).outcome


@pytest.fixture
def whenever_read(monkeypatch):
    """Has something done whenever a handler has read what it decides on.

    Returns a list that tells of each time whether the events were locked before.
    """

    def arrange(handler, act):
        decide_on, lock = handler._transactions.decide_on, events.lock
        times, locked = [], set()

        def locking(db, id_, session):
            lock(db, id_, session)
            locked.add((session, id_))

        monkeypatch.setattr(events, "lock", locking)

        def interrupted(event, envelopes, session):
            decision = decide_on(event, envelopes, session)
            times.append((session, event) in locked)
            act()
            return decision

        def decided(_, *args):
            is_slow = threading.current_thread().name == "slow"
            return (interrupted if is_slow else decide_on)(*args)

        monkeypatch.setattr(type(handler._transactions), "decide_on", decided)
        return times

    return arrange


def by_a_slow_thread(work):
    """Do the work in the thread whose decisions are interrupted; return what came of it."""
    came = []

    def run():
        try:
            came.append(work())
        except Exception as error:
            came.append(error)

    thread = threading.Thread(target=run, name="slow")
    thread.start()
    thread.join(NEVER_S)
    return came[0]


def sells_while_the_other_decides(quick):
    """A sale on the other host, with little patience: it is Busy where it can't come through."""

    def act():
        def ask():
            try:
                quick.execute(sell(), on="e1", caller=CALLER)
            except Busy:
                return

        thread = threading.Thread(target=ask, name="quick")
        thread.start()
        thread.join(NEVER_S)

    return act


def test_who_decides_slowly_is_defeated_once_and_not_for_ever(host, db, event, whenever_read):
    """Somebody else sells between each of its looks and its writes, as long as they can."""
    slow, quick = host("slow"), host("quick", commit_s=0.3)
    times = whenever_read(slow, sells_while_the_other_decides(quick))

    result = by_a_slow_thread(lambda: slow.execute(sell(2), on="e1", caller=CALLER))

    assert result.outcome.booking.tickets == 2
    assert times == [False, True]
    check_event(db, "e1")


def test_a_move_is_defeated_once_and_not_for_ever(host, db, event, whenever_read):
    slow, quick = host("slow"), host("quick", commit_s=0.3)
    slow.execute(a_new_event(day=date(2044, 10, 30)), on="e2", caller=CALLER)
    booked = slow.execute(a_booking_of(named("ada")), on="e2", caller=CALLER).outcome.booking
    times = whenever_read(slow, sells_while_the_other_decides(quick))

    result = by_a_slow_thread(lambda: slow.move(booked.id, to="e1", caller=CALLER))

    assert result.outcome.booking.event == "e1"
    assert times == [False, False, True, True]
    assert list(verify(db)) == []


def test_locks_the_event_before_it_looks_a_key_up(host, db, event, monkeypatch):
    """Whoever sells between that look and the lock would be first every time."""
    slow, quick = host("slow"), host("quick", commit_s=0.3)
    find_many, act = idempotency.find_many, sells_while_the_other_decides(quick)

    def interrupted(*args):
        found = find_many(*args)
        act()
        return found

    monkeypatch.setattr(idempotency, "find_many", interrupted)
    result = by_a_slow_thread(lambda: slow.execute(sell(2), on="e1", **keyed()))

    assert result.outcome.booking.tickets == 2
    check_event(db, "e1")


def test_leaves_nothing_behind_where_it_had_locked_an_event_in_vain(mongo, db, event):
    """A refusal changes nothing but the number of times."""
    before = db.events.find_one()

    with mongo.start_session() as session, session.start_transaction():
        events.lock(db, "e1", session)

    after = db.events.find_one()
    assert {**after, "turn": None} == {**before, "turn": None}
    assert after["turn"] == 1


# Turns.


@pytest.fixture
def asked(monkeypatch):
    """How often MongoDB was asked for a turn."""
    calls = []
    take = turns.take

    def counted(*args):
        calls.append(args)
        return take(*args)

    monkeypatch.setattr(turns, "take", counted)
    return calls


def held(own: Turns):
    with own.held("e1"):
        return


def test_asks_for_no_turn_while_nobody_else_was_met(db, asked):
    held(Turns(db))

    assert asked == []


def test_asks_for_turns_from_a_defeat_on_for_as_long_as_anybody_is_met(db, asked, monkeypatch):
    own = Turns(db)
    own.defeated("e1")
    held(own)
    assert len(asked) == 1
    assert stored(db) is None

    monkeypatch.setattr(module, "_CONTENDED_S", 0.0)
    another = Turns(db)
    another.defeated("e1")
    held(another)
    assert len(asked) == 1


def test_has_to_do_with_that_event_alone(db, asked):
    own = Turns(db)
    own.defeated("e2")

    held(own)

    assert asked == []


def test_goes_ahead_without_a_turn_that_does_not_come(db, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.5)
    # However slow MongoDB is, there is time to leave the line.
    monkeypatch.setattr(module, "LEASE_S", NEVER_S)
    turns.take(db, "e1", "somebody who keeps it", 60.0)
    own = Turns(db)
    own.defeated("e1")

    held(own)

    assert stored(db)["next"] is None


def test_asks_now_and_then_while_it_waits_and_looks_in_between(db, asked, monkeypatch):
    """However fast MongoDB answers: to ask costs three times as much as to look."""
    monkeypatch.setattr(module, "PATIENCE_S", module.LEASE_S)
    turns.take(db, "e1", "somebody who keeps it", 60.0)
    asked.clear()
    own = Turns(db)
    own.defeated("e1")

    held(own)

    assert 0 < len(asked) <= module._ASKED_A_LEASE + 1


def test_looks_the_less_often_the_longer_turns_are_but_neither_always_nor_hardly_ever(db):
    own = Turns(db)
    assert own._pause_s() == module._SHORTEST_PAUSE_S

    own._last_turn_s = 0.024
    assert own._pause_s() == 0.003

    own._last_turn_s = 60.0
    assert own._pause_s() == module._LONGEST_PAUSE_S


@pytest.mark.parametrize("is_next", [True, False])
def test_takes_the_turn_of_whoever_has_died_with_it(db, monkeypatch, is_next):
    """A look does not see that a lease has run out."""
    monkeypatch.setattr(module, "PATIENCE_S", NEVER_S)
    turns.take(db, "e1", "dead", 0.3)
    if not is_next:
        turns.take(db, "e1", "dead as well", 0.3)
    own = Turns(db)
    own.defeated("e1")

    with own.held("e1"):
        assert stored(db)["holder"] not in ("dead", "dead as well")


def test_goes_ahead_where_mongodb_can_tell_of_no_turn(db, monkeypatch):
    def fail(*_):
        raise AutoReconnect

    monkeypatch.setattr(turns, "take", fail)
    own = Turns(db)
    own.defeated("e1")

    held(own)


def test_lets_one_in_at_a_time_and_each_in_its_turn(db):
    """Two that always want it: neither has it while the other does, and both have it often."""
    inside, most, order = 0, 0, []
    lock = threading.Lock()

    def work(name):
        nonlocal inside, most
        own = Turns(db)
        own._host_lock._folder = None
        for _ in range(20):
            own.defeated("e1")
            with own.held("e1"):
                with lock:
                    inside += 1
                    most = max(most, inside)
                    order.append(name)
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(NEVER_S)

    assert most == 1
    assert sorted(order) == sorted("ab" * 20)


@pytest.fixture
def far(db, monkeypatch):
    """A process that is far away from MongoDB, and knows of others."""
    monkeypatch.setattr(module, "_FAR_S", 0.0)
    monkeypatch.setattr(module, "_ROUND_TRIPS_BACK", 1e9)
    monkeypatch.setattr(module, "_LONGEST_S", NEVER_S)
    own = Turns(db)
    own.defeated("e1")
    return own


def test_who_is_far_away_has_a_turn_kept_and_takes_it(db, far):
    with far.held("e1"):
        turns.take(db, "e1", "other 0", 60.0)
    kept = stored(db)["kept_for"]
    others_have(db, turns.OTHERS_BEFORE)

    with far.held("e1"):
        assert stored(db)["holder"] == kept


def test_who_is_near_has_none_kept(db, monkeypatch):
    monkeypatch.setattr(module, "_FAR_S", NEVER_S)
    near = Turns(db)
    near.defeated("e1")

    with near.held("e1"):
        turns.take(db, "e1", "other", 60.0)

    assert "kept_for" not in stored(db)


@pytest.mark.parametrize(
    ("round_trip_s", "lease_s"), [(1e-9, module.LEASE_S), (0.1, 1.0), (9.0, 5.0)]
)
def test_a_turn_lasts_longer_for_who_is_far_away(db, asked, round_trip_s, lease_s):
    own = Turns(db)
    own._round_trip_s = round_trip_s
    own.defeated("e1")

    held(own)

    (*_, asked_for) = asked[0]
    assert asked_for == lease_s


def test_a_round_trip_that_takes_longer_than_before_is_not_taken_for_the_distance_at_once(db, far):
    far._round_trip_s = 1e-9

    held(far)

    assert far._round_trip_s <= 4e-9


def test_a_defeat_has_turns_taken(host, db, event, asked, whenever_read):
    slow, quick = host("slow"), host("quick", commit_s=0.3)
    whenever_read(slow, sells_while_the_other_decides(quick))

    by_a_slow_thread(lambda: slow.execute(sell(), on="e1", caller=CALLER))
    slow.execute(sell(), on="e1", caller=CALLER)

    assert asked


def test_two_events_that_share_a_lock_of_the_host_are_held_without_waiting(
    db, tmp_path, monkeypatch
):
    """As a booking that is moved from the one to the other has to: nobody waits for themselves."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(host_lock, "PATIENCE_S", NEVER_S)
    others = (f"n{n}" for n in count())
    other = next(one for one in others if host_lock.number_of(one) == host_lock.number_of("e1"))
    held = threading.Event()

    def hold():
        with Turns(db).held_together({"e1", other}):
            held.set()

    threading.Thread(target=hold, daemon=True).start()

    assert held.wait(NEVER_S / 2)

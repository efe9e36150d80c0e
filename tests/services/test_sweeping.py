"""What a crash between two commits leaves over is done all the same."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from tests.builders import a_new_event, book, sell
from tests.services.conftest import an_office
from tests.waiting import eventually
from ticketing.domain import facts
from ticketing.domain.commands import CallOff, Change
from ticketing.domain.customers import plain_name
from ticketing.services.groups import Asker
from ticketing.services.sweeping import Sweeper, sweep
from ticketing.services.verification import verify
from ticketing.storage import events, leases

ASKER = Asker("ada", "r1")


@pytest.fixture(autouse=True)
def small_commits(monkeypatch):
    """Only three changes of bookings go into one commit."""
    for module in ("ticketing.domain.rules.events", "ticketing.domain.rules.waiting_list"):
        monkeypatch.setattr(f"{module}.MOST_PER_COMMIT", 3)
    monkeypatch.setattr(facts, "MOST_PER_COMMIT", 3)


@pytest.fixture
def queue(office):
    """An event that is sold out, with eight who wait."""
    office.submit("e1", a_new_event(capacity=1), ASKER)
    office.submit("e1", sell(1), ASKER)
    for number in range(8):
        office.submit("e1", book(plain_name(f"c{number}")), ASKER)


def crash_after_the_first_commit(office, monkeypatch, command):
    with monkeypatch.context() as patch:
        patch.setattr(office, "carry_on", lambda *_: None)
        office.submit("e1", command, ASKER)


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("command", "sold", "waiting"), [(Change({"capacity": 8}), 8, 1), (CallOff(), 0, 0)]
)
def test_goes_on_with_what_was_begun(db, office, monkeypatch, command, sold, waiting):
    crash_after_the_first_commit(office, monkeypatch, command)
    assert list(verify(db)) != []

    sweep(db, office)

    event = events.find(db, "e1")
    assert (event.sold, event.waiting) == (sold, waiting)
    assert list(verify(db)) == []


@pytest.mark.usefixtures("queue")
def test_writes_nothing_where_nothing_is_left_over(db, office):
    office.submit("e1", Change({"capacity": 8}), ASKER)
    office.submit("e1", book(plain_name("big"), 5, waitlist=True), ASKER)
    before = list(db.events.find()), db.audit.count_documents({})

    sweep(db, office)

    assert (list(db.events.find()), db.audit.count_documents({})) == before


@pytest.mark.usefixtures("queue")
def test_answers_in_time_and_says_that_something_is_left(db, office, monkeypatch):
    """What takes longer than a caller should wait is the sweeper's."""
    monkeypatch.setattr("ticketing.services.office._CARRY_ON_S", 0)
    office.submit("e1", CallOff(), ASKER)
    assert list(verify(db)) != []

    while not sweep(db, office):
        pass

    assert list(verify(db)) == []


@pytest.mark.usefixtures("queue")
def test_sweeps_by_itself(db, office, monkeypatch):
    crash_after_the_first_commit(office, monkeypatch, CallOff())

    sweeper = Sweeper(db, office, pause_s=0.05)
    sweeper.start()
    try:
        eventually(lambda: not list(verify(db)), "it is swept")
    finally:
        sweeper.stop()


@pytest.fixture
def sweepers(db, office):
    """As many sweepers as a test asks for, each of which stops after it."""
    started = []

    def start(number, pause_s):
        started.extend(Sweeper(db, office, pause_s=pause_s) for _ in range(number))
        for sweeper in started:
            sweeper.start()

    yield start
    for sweeper in started:
        sweeper.stop()


def rounds(db):
    """How often somebody has looked for what is left over."""
    return db["system.profile"].count_documents({"command.filter.$or.0.status": "cancelled"})


def test_however_many_workers_there_are_one_of_them_sweeps_at_a_time(db, sweepers):
    pause_s = 0.4
    db.command("profile", 2)
    try:
        began = time.monotonic()
        sweepers(6, pause_s)
        while rounds(db) < 5:
            time.sleep(0.1)
        passed = time.monotonic() - began
        looked = rounds(db)
    finally:
        db.command("profile", 0)
        db["system.profile"].drop()

    assert looked <= passed / pause_s + 1


def test_does_not_wait_for_a_sweeper_that_was_killed(db, office, queue, monkeypatch, sweepers):
    crash_after_the_first_commit(office, monkeypatch, CallOff())
    assert leases.take(db, "sweeper", "killed", timedelta(seconds=0.5))

    sweepers(2, 0.1)

    until = time.monotonic() + 10
    while list(verify(db)):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_sweeps_nothing_on_a_database_that_will_not_do(fresh_db, mongo, monkeypatch):
    office = an_office(mongo, fresh_db)
    office.submit("e1", a_new_event(capacity=9), ASKER)
    for _ in range(9):
        office.submit("e1", sell(1), ASKER)
    crash_after_the_first_commit(office, monkeypatch, CallOff())
    left = list(verify(fresh_db))
    fresh_db.bookings.drop_index("active")

    Sweeper(fresh_db, office)._sweep()

    assert left != []
    assert [found for found in verify(fresh_db) if found[0]] == left

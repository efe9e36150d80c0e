"""The nightly verification: at its time, once, by one host, and on where another ended."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from tests.domain.builders import a_new_event, sell
from tests.system.waiting import eventually
from ticketing.domain.identity.caller import Caller
from ticketing.services.verification import nightly
from ticketing.services.verification.nightly import NightlyVerification, last_due
from ticketing.services.verification.reading import Part
from ticketing.storage import leases
from ticketing.storage.background import verification_runs
from ticketing.storage.background.verification_runs import Run
from ticketing.storage.driver.units_of_work import utc_now

CALLER = Caller("ada", "r1")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-10T02:29:59+00:00", "2026-01-09T02:30:00+00:00"),
        ("2026-01-10T02:30:00+00:00", "2026-01-10T02:30:00+00:00"),
        ("2026-07-10T23:30:00+00:00", "2026-07-10T01:30:00+00:00"),
        ("2026-03-29T12:00:00+00:00", "2026-03-29T01:30:00+00:00"),
    ],
)
def test_knows_when_it_was_time_last(now, due):
    assert last_due(datetime.fromisoformat(now), time(3, 30), BERLIN) == datetime.fromisoformat(due)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(nightly, "PAUSE_S", 0.01)


@pytest.fixture
def events(db, handler):
    """Three events; the first and the third are spoilt."""
    for id_ in ("e1", "e2", "e3"):
        for command in (a_new_event(day=None), sell(1, f"s-{id_}")):
            handler.execute(command, on=id_, caller=CALLER)
    db.events.update_many({"_id": {"$in": ["e1", "e3"]}}, {"$inc": {"revenue": 1}})


def due_since(db, **ago):
    """A verification that has been due for so long; the last one was the night before."""
    due = utc_now() - timedelta(**ago)
    verification_runs.expect(db, due - timedelta(days=1), Part.EVENTS)
    return NightlyVerification(db, due.time(), UTC)


def run_until(verification, is_done):
    stop = threading.Event()
    thread = threading.Thread(target=verification.run, args=[stop])
    with capture_logs() as logs:
        thread.start()
        try:
            eventually(is_done, "it is done")
        finally:
            stop.set()
            thread.join()
    return [line for line in logs if line["event"] != "not_verified"]


def ended(db):
    last = verification_runs.find_last(db)
    return last is not None and last.entries > 0


@pytest.mark.usefixtures("events")
def test_verifies_once_when_it_is_time(db):
    verification = due_since(db, minutes=1)

    logs = run_until(verification, lambda: ended(db))

    assert [line["event"] for line in logs] == ["verification_differs"] * 2 + ["verified"]
    assert logs[0]["log_level"] == "error"
    assert (logs[0]["event_id"], logs[0]["detail"]) == (
        "e1",
        "counter revenue is 501, the bookings come to 500",
    )
    assert (logs[2]["events"], logs[2]["entries"], logs[2]["differences"]) == (3, 6, 2)
    assert verification_runs.find_under_way(db) is None
    with capture_logs() as again:
        verification._look()
    assert again == []


@pytest.mark.usefixtures("events")
def test_goes_on_where_another_ended(db):
    due = utc_now() - timedelta(hours=9)
    verification = due_since(db, hours=9)
    under_way = Run("under way", due, "events", "e1", events=1, entries=2, differences=7)
    verification_runs.save(db, under_way)

    logs = run_until(verification, lambda: ended(db))

    assert [line.get("event_id") for line in logs] == ["e3", None]
    last = verification_runs.find_last(db)
    assert (last.events, last.entries, last.differences) == (3, 6, 8)


@pytest.mark.usefixtures("events")
def test_says_how_many_differ_where_it_does_not_name_them_all(db, monkeypatch):
    monkeypatch.setattr(nightly, "MOST_LOGGED", 1)

    logs = run_until(due_since(db, minutes=1), lambda: ended(db))

    assert [line["event"] for line in logs] == ["verification_differs", "verified"]
    assert logs[-1]["differences"] == 2


@pytest.mark.usefixtures("events")
def test_does_not_begin_late_nor_before_its_first_night(db):
    at = (utc_now() - timedelta(minutes=1)).time()
    NightlyVerification(db, at, UTC)._look()
    assert not ended(db)
    assert verification_runs.find_under_way(db) is None

    db.verification_runs.delete_many({})
    due_since(db, hours=3)._look()
    assert not ended(db)


@pytest.mark.usefixtures("events")
def test_leaves_it_to_whoever_has_the_lease(db):
    verification = due_since(db, minutes=1)
    leases.take(db, "verification", "somebody else", timedelta(minutes=4))
    rounds = []
    original = leases.take

    def counting(*arguments):
        rounds.append(arguments)
        return original(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leases, "take", counting)
        logs = run_until(verification, lambda: len(rounds) > 2)

    assert logs == []
    assert not ended(db)


@pytest.mark.usefixtures("events")
def test_ends_between_two_steps_and_keeps_its_place(db):
    verification = due_since(db, minutes=1)
    saved = verification_runs.save
    stop = threading.Event()

    def stopping(*arguments):
        saved(*arguments)
        if arguments[1].after == "e1":
            stop.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification_runs, "save", stopping)
        verification.run(stop)

    assert not ended(db)
    under_way = verification_runs.find_under_way(db)
    assert (under_way.after, under_way.differences) == ("e1", 1)
    assert leases.take(db, "verification", "another host", timedelta(seconds=1))

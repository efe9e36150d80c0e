"""What runs beside the requests is started by one call, whatever serves them."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from bson import Binary
from structlog.testing import capture_logs
from werkzeug.serving import make_server

from tests.conftest import the_settings
from tests.domain.builders import a_new_event, sell
from tests.system.server import ROOT
from tests.system.waiting import eventually
from ticketing.app import create_app
from ticketing.domain.commands.events import CallOff
from ticketing.domain.identity.caller import Caller
from ticketing.server import background
from ticketing.server.background import WORK, Work
from ticketing.services.accounts import retention
from ticketing.services.verification import nightly, verify
from ticketing.services.writes import recovery
from ticketing.storage.background import verification_runs
from ticketing.storage.driver.units_of_work import utc_now

CALLER = Caller("ada", "r1")


@pytest.fixture
def app(mongo, mongodb_uri, db):
    at = (utc_now() - timedelta(minutes=1)).time()
    settings = the_settings(database=db.name, mongodb_uri=mongodb_uri, verify_at=at)
    return create_app(settings, mongo)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(recovery, "PAUSE_S", 0.05)
    monkeypatch.setattr(retention, "PAUSE_S", 0.05)
    monkeypatch.setattr(nightly, "PAUSE_S", 0.05)
    monkeypatch.setattr(background, "AGAIN_S", 0.01)


@contextmanager
def started(app, work=WORK):
    running = background.start(app, work)
    try:
        yield running
    finally:
        assert running.stop()


def leave_bookings_of_an_event_that_was_called_off(db, handler, monkeypatch):
    for name in ("commands.events", "changes.read_set", "changes.waiting_list"):
        monkeypatch.setattr(f"ticketing.domain.{name}.MOST_PER_COMMIT", 3)
    handler.execute(a_new_event(capacity=9), on="e1", caller=CALLER)
    for _ in range(9):
        handler.execute(sell(1), on="e1", caller=CALLER)
    with monkeypatch.context() as patch:
        patch.setattr(handler, "resume", lambda *_: None)
        handler.execute(CallOff(), on="e1", caller=CALLER)


def nothing_differs(db):
    return not list(verify(db))


def leave_an_erasure_to_be_gone_over(db, handler, monkeypatch):
    monkeypatch.setattr(retention, "SETTLE_S", -1)
    gone = {"_id": "gone", "name": None, "active": False, "sweeping": "u1", "erased_at": utc_now()}
    db.customers.insert_one(gone)
    db.idempotency.insert_one(
        {"caller": "ada", "key": "k", "fingerprint": "f", "status": 201, "headers": {},
         "body": Binary(b"ada"), "customers": ["gone"], "expires_at": utc_now() + timedelta(days=1)}
    )  # fmt: skip


def nothing_is_left_of_it(db):
    return not db.idempotency.count_documents({"body": Binary(b"ada")})


def leave_a_verification_to_be_made(db, handler, monkeypatch):
    verification_runs.expect(db, utc_now() - timedelta(days=1), "events")
    handler.execute(a_new_event(capacity=9), on="e1", caller=CALLER)


def it_has_been_made(db):
    last = verification_runs.find_last(db)
    return last is not None and last.entries == 1


# For each piece of work: what gives it something to do, and what shows that it has been done.
PROOFS = {
    "recovery": (leave_bookings_of_an_event_that_was_called_off, nothing_differs),
    "retention": (leave_an_erasure_to_be_gone_over, nothing_is_left_of_it),
    "verification": (leave_a_verification_to_be_made, it_has_been_made),
}


# What needs more than a database beside it is seen to work there.
ELSEWHERE = {"mail": "tests/services/mail/test_sender.py"}


def test_every_piece_of_work_has_a_proof():
    assert {piece.name for piece in WORK} == PROOFS.keys() | ELSEWHERE.keys()
    assert all((ROOT / file).exists() for file in ELSEWHERE.values())


@pytest.fixture
def werkzeug(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.usefixtures("werkzeug")
@pytest.mark.parametrize("name", PROOFS)
def test_does_its_work_beside_werkzeugs_server(app, db, handler, monkeypatch, name):
    prepare, is_done = PROOFS[name]
    prepare(db, handler, monkeypatch)
    assert not is_done(db)

    with started(app):
        eventually(lambda: is_done(db), f"{name} does its work")


def test_starts_once_in_a_process_and_anew_after_a_fork(app, monkeypatch):
    made = []
    counting = [Work("counting", lambda parts, stop: made.append(parts) or stop.wait())]
    with started(app, counting) as running:
        assert background.start(app, counting) is running

        child = os.getpid() + 1
        monkeypatch.setattr(os, "getpid", lambda: child)
        with started(app, counting) as anew:
            assert anew is not running
            eventually(lambda: len(made) == 2, "both work")


def test_begins_again_what_ends_by_an_error(app):
    rounds = []

    def breaks(parts, stop):
        rounds.append(parts)
        if len(rounds) == 1:
            raise RuntimeError("lost")
        stop.wait()

    with capture_logs() as logs, started(app, [Work("breaks", breaks)]):
        eventually(lambda: len(rounds) == 2, "it begins again")

    assert [(line["event"], line["route"]) for line in logs] == [("crash", "breaks")]


def test_tells_that_something_does_not_end_in_time(app):
    goes_on = threading.Event()
    running = background.start(app, [Work("stubborn", lambda _, __: goes_on.wait())])

    assert not running.stop(patience_s=0.01)

    goes_on.set()
    assert running.stop()

"""`verify` on the real database: silent where all is well, and each spoilt thing is named."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.client import Client
from tests.domain.builders import ADA, GRACE, a_new_event, book, sell
from tests.services.conftest import a_handler
from tests.system.runs import Run, shell, ticketing
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.commands.events import Delete
from ticketing.domain.commands.transfers import Transfer
from ticketing.domain.identity.caller import Caller
from ticketing.server.mongod import free_port
from ticketing.services.verification import verify

CALLER = Caller("ada", "r1")


@pytest.fixture
def e1(handler):
    """An event with a sale, a booking, one that waits and one that was cancelled."""
    commands = [
        a_new_event(capacity=3), sell(1, "s1"), book(ADA, 2, booking="b1"),
        book(GRACE, booking="b2"), Cancel("b1"),
    ]  # fmt: skip
    for command in commands:
        handler.execute(command, on="e1", caller=CALLER)


@pytest.mark.usefixtures("e1")
def test_is_silent_where_all_is_well(db, handler):
    handler.execute(a_new_event(day=None), on="e2", caller=CALLER)
    handler.execute(Delete(), on="e2", caller=CALLER)

    assert list(verify(db)) == []
    assert list(verify(db, "e1")) == []


@pytest.mark.usefixtures("e1")
def test_names_a_spoilt_counter(db):
    db.events.update_one({"_id": "e1"}, {"$inc": {"revenue": 1}})

    found = list(verify(db))

    assert ("e1", "counter revenue is 1001, the bookings come to 1000") in found
    assert any("statistics" in difference for _, difference in found)


@pytest.mark.usefixtures("e1")
def test_names_a_spoilt_booking(db):
    db.bookings.update_one({"_id": "b2"}, {"$set": {"tickets": 2}})

    assert ("e1", "booking b2: tickets is 2, the trail says 1") in list(verify(db, "e1"))


@pytest.mark.usefixtures("e1")
def test_names_a_spoilt_audit_entry(db):
    db.audit.update_one({"event": "e1", "sequence": 3}, {"$set": {"sold": 2}})

    assert any("audit entry 3" in difference for _, difference in verify(db, "e1"))


@pytest.mark.usefixtures("e1")
def test_names_what_belongs_to_no_event(db):
    db.events.delete_one({"_id": "e1"})

    assert {id_ for id_, _ in verify(db)} == {"e1"}
    assert list(verify(db, "unknown")) == [("unknown", "there is no such event")]


def verify_command(data, **settings):
    return ticketing("verify", "--data", str(data), **settings)


def test_works_while_the_service_runs_and_while_it_does_not(tmp_path):
    port = free_port()
    with Run(tmp_path, port) as run:
        Client(port).sell(Client(port).create()["id"])
        running = verify_command(tmp_path)
        run.ctrl_c()
    stopped = verify_command(tmp_path)

    for done in (running, stopped):
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Read 1 event and 2 audit entries: all agree.\n"


def test_finds_nothing_in_a_folder_that_is_not_there_and_makes_none(tmp_path):
    done = verify_command(tmp_path / "a-typo")

    assert (done.returncode, done.stdout) == (3, "")
    assert f"There is nothing in {tmp_path / 'a-typo'}" in done.stderr
    assert not (tmp_path / "a-typo").exists()


def test_finds_nothing_in_a_folder_of_something_else(tmp_path):
    (tmp_path / "letter").write_text("Dear Ada")

    assert verify_command(tmp_path).returncode == 3
    assert [file.name for file in tmp_path.iterdir()] == ["letter"]


def test_finds_nothing_in_an_empty_database(db, mongodb_uri, tmp_path):
    for name in (db.name, "a-typo"):
        done = verify_command(tmp_path, MONGODB_URI=mongodb_uri, DATABASE=name)

        assert (done.returncode, done.stdout) == (3, "")
        assert f"There is no event and no audit entry in the database {name}" in done.stderr


@pytest.mark.parametrize("event", [(), ("--event", "e1")], ids=["all", "one"])
def test_prints_what_the_database_lacks_and_what_can_not_be_read(
    mongo, fresh_db, mongodb_uri, event
):
    handler = a_handler(mongo, fresh_db)
    handler.execute(a_new_event(capacity=3), on="e1", caller=CALLER)
    fresh_db.command("collMod", "events", validator={})
    fresh_db.events.update_one({"_id": "e1"}, {"$set": {"capacity": "many"}})
    fresh_db.events.drop_index("one_event_a_day")

    done = ticketing("verify", *event, MONGODB_URI=mongodb_uri, DATABASE=fresh_db.name)

    assert (done.returncode, done.stderr) == (1, "")
    assert "event e1: the document 'e1' of events can't be read: capacity is 'many'" in done.stdout
    assert "database: the index one_event_a_day of events is missing" in done.stdout
    assert "database: the validator of events is missing" in done.stdout


@pytest.mark.usefixtures("e1")
def test_finds_no_event_that_there_never_was(db, mongodb_uri, tmp_path):
    settings = {"MONGODB_URI": mongodb_uri, "DATABASE": db.name}

    done = ticketing("verify", "--event", "a-typo", **settings)
    assert done.returncode == 3
    assert "There is no event a-typo" in done.stderr
    done = ticketing("verify", "--event", "e1", **settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Read 1 event and 6 audit entries: all agree.\n"


@pytest.mark.usefixtures("e1")
def test_an_event_that_somebody_took_away_is_a_difference(db, mongodb_uri, tmp_path):
    db.events.delete_one({"_id": "e1"})

    done = ticketing("verify", "--event", "e1", MONGODB_URI=mongodb_uri, DATABASE=db.name)

    assert done.returncode == 1
    assert "there is no such event" in done.stdout


def test_does_not_call_it_a_difference_that_it_could_not_look(tmp_path):
    uri = f"mongodb://127.0.0.1:{free_port()}/"

    done = verify_command(tmp_path, MONGODB_URI=uri)

    assert (done.returncode, done.stdout) == (2, "")
    assert "can't be reached" in done.stderr
    assert verify_command(tmp_path, MONGODB_URI=uri, PORT="nine").returncode == 2


@pytest.mark.usefixtures("e1")
def test_prints_what_differs_and_fails(db, mongodb_uri, tmp_path):
    db.bookings.delete_one({"_id": "s1"})

    done = verify_command(tmp_path, MONGODB_URI=mongodb_uri, DATABASE=db.name)

    assert done.returncode == 1
    assert "event e1: booking s1: it is in the trail but not there" in done.stdout
    assert re.search(r"^Read 1 event and 6 audit entries: differences: \d+\.$", done.stdout, re.M)


def test_keeps_one_active_booking_a_customer_by_an_index_as_well(db):
    index = db.bookings.index_information()["one_active_a_customer"]

    assert index["unique"]
    assert "status" in index["partialFilterExpression"]


@pytest.mark.usefixtures("e1")
def test_stores_a_passed_on_booking_under_its_new_holder(db, handler):
    handler.execute(Transfer("b2", ADA), on="e1", caller=CALLER)

    assert db.bookings.find_one({"_id": "b2"})["customer"] == ADA.id
    assert list(verify(db)) == []


def test_a_copied_folder_is_a_backup(tmp_path):
    """As docs/operations.md says: stop, copy, start from the copy."""
    port = free_port()
    with Run(tmp_path / "data", port) as run:
        lines = (
            f"curl -s http://127.0.0.1:{port}/initialize -H 'Content-Type: application/json' "
            """-d '{"name": "Gala", "capacity": 1, "id": "gala"}' && """
            f"curl -s http://127.0.0.1:{port}/book -H 'Content-Type: application/json' "
            """-d '{"event_id": "gala", "user": "ada"}'"""
        )
        shell(lines)
        run.ctrl_c()

    shutil.copytree(tmp_path / "data", tmp_path / "restored")

    done = verify_command(tmp_path / "restored")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Read 1 event and 2 audit entries: all agree.\n"
    with Run(tmp_path / "restored", port):
        said = shell(f"curl -s http://127.0.0.1:{port}/status/gala")
    assert '"bookings_count":1' in said

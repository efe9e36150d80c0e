"""An interrupted `verify` goes on where it was, and from no file that is another's."""

from __future__ import annotations

import json

import pytest

from tests.domain.builders import ADA, a_new_event, book, sell
from tests.services.conftest import a_handler
from tests.system.runs import ticketing
from ticketing.domain.identity.caller import Caller

CALLER = Caller("ada", "r1")


@pytest.fixture
def three(db, handler):
    """Three events of three audit entries each; the first one is spoilt, and has no customers."""
    for id_ in ("e1", "e2", "e3"):
        second = sell(1, "s1") if id_ == "e1" else book(ADA, booking=f"b-{id_}")
        for command in (a_new_event(day=None), sell(1, f"s-{id_}"), second):
            handler.execute(command, on=id_, caller=CALLER)
    db.events.update_one({"_id": "e1"}, {"$inc": {"revenue": 1}})


@pytest.fixture
def breaks(mongo, db):
    """Have MongoDB answer no search in a collection any more, or in one that is not there."""

    def breaks(collection):
        data = {
            "failCommands": ["find"],
            "errorCode": 11601,
            "namespace": f"{db.name}.{collection}",
        }
        mongo.admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data})

    yield breaks
    mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})


@pytest.fixture
def verify(db, mongodb_uri):
    def verify(*arguments):
        return ticketing("verify", *arguments, MONGODB_URI=mongodb_uri, DATABASE=db.name)

    return verify


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state.json"


@pytest.fixture
def interrupted(three, breaks, verify, file):
    """The file of a verification that was interrupted in the second event."""
    breaks("customers")
    done = verify("--resume", file)
    breaks("none")
    assert done.returncode == 2
    assert done.stdout == "event e1: counter revenue is 1001, the bookings come to 1000\n"
    assert "MongoDB did not answer to the end" in done.stderr
    assert f"The same command goes on from what {file} says." in done.stderr
    return file


def test_goes_on_where_it_was_interrupted(db, verify, interrupted):
    # What has been verified is not looked at again, what has been found is not forgotten.
    db.events.update_one({"_id": "e1"}, {"$inc": {"sold": 1}})

    done = verify("--resume", interrupted)

    assert done.returncode == 1
    assert done.stderr == (
        "Skipped what was verified before: 1 event and 3 audit entries, differences: 1.\n"
    )
    assert done.stdout == "Read 3 events and 9 audit entries: differences: 1.\n"
    assert not interrupted.exists()


def test_goes_on_with_the_accounts_where_it_was_interrupted_there(three, breaks, verify, file):
    breaks("user_audit")
    assert verify("--resume", file).returncode == 2
    breaks("none")

    done = verify("--resume", file)

    assert "3 events and 9 audit entries, differences: 1" in done.stderr
    assert done.stdout == "Read 3 events and 9 audit entries: differences: 1.\n"
    assert not file.exists()


def test_begins_where_there_is_no_file_and_leaves_none(verify, three, file):
    done = verify("--resume", file)

    assert (done.returncode, done.stderr) == (1, "")
    assert "Read 3 events and 9 audit entries: differences: 1." in done.stdout
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize(
    "change", [{"differences": 0}, {"position": {"part": "database", "after": ""}}], ids=str
)
def test_refuses_a_file_that_was_changed(verify, interrupted, change):
    interrupted.write_text(json.dumps(json.loads(interrupted.read_text()) | change))

    done = verify("--resume", interrupted)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{interrupted} was changed since a verification wrote it" in done.stderr
    assert interrupted.exists()


@pytest.mark.parametrize("text", ["Dear Ada", "[]", "{}", '{"seal": 1, "position": {}}', "null"])
def test_refuses_a_file_of_something_else(verify, three, file, text):
    file.write_text(text)

    done = verify("--resume", file)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{file} is no file of an interrupted verification.\n"
    assert file.read_text() == text


def test_refuses_the_file_of_another_database(mongo, fresh_db, mongodb_uri, interrupted):
    a_handler(mongo, fresh_db).execute(a_new_event(), on="e1", caller=CALLER)

    done = ticketing(
        "verify", "--resume", interrupted, MONGODB_URI=mongodb_uri, DATABASE=fresh_db.name
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{interrupted} is of a verification of another database" in done.stderr


def test_says_where_it_can_not_write(verify, three, tmp_path):
    done = verify("--resume", tmp_path / "none" / "state.json")

    assert (done.returncode, done.stdout) == (2, "")
    assert "can't be written: No such file or directory" in done.stderr


def test_resumes_no_single_event(verify, file):
    done = verify("--resume", file, "--event", "e1")

    assert done.returncode == 2
    assert "--resume is for all events, not for one." in done.stderr

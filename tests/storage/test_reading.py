"""Reads wait once for each new primary to catch up, and never mix two terms."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure
from pymongo.monitoring import CommandListener

from ticketing.domain.errors import DatabaseAway
from ticketing.storage import reading

FIRST, SECOND = ObjectId(), ObjectId()


class Commits(CommandListener):
    """Counts commits."""

    def __init__(self):
        self.count = 0

    def started(self, event):
        self.count += event.command_name == "commitTransaction"

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(reading, "_caught_up", WeakKeyDictionary())


@pytest.fixture
def commits():
    return Commits()


@pytest.fixture
def heard(mongodb_uri, commits, db):
    """The test's database, through a client that is listened to."""
    with MongoClient(mongodb_uri, event_listeners=[commits]) as client:
        yield client[db.name]


def terms(monkeypatch, *coming):
    """Let the primary be of these terms, one look after the other, the last one for good."""
    left = list(coming)
    monkeypatch.setattr(reading, "_term", lambda _: left.pop(0) if len(left) > 1 else left[0])


def reader(*answers):
    """A read that gives these, one after the other."""
    left = list(answers)
    return reading.reading(lambda db: left.pop(0))


def test_waits_once_for_a_primary(heard, commits):
    read = reading.reading(lambda db: db.events.count_documents({}))

    for _ in range(3):
        assert read(heard) == 0

    assert commits.count == 1


def test_waits_again_after_a_change_of_primary(heard, commits, monkeypatch):
    read = reader("one", "two", "three")

    terms(monkeypatch, FIRST)
    assert [read(heard), read(heard)] == ["one", "two"]
    terms(monkeypatch, SECOND)
    assert read(heard) == "three"

    assert commits.count == 2


def test_reads_again_when_another_has_taken_over_meanwhile(heard, commits, monkeypatch):
    terms(monkeypatch, FIRST, SECOND)

    assert reader("perhaps stale", "sound")(heard) == "sound"
    assert commits.count == 2


def test_knows_the_term_of_a_real_primary(heard):
    heard.client.admin.command("ping")

    assert isinstance(reading._term(heard.client), ObjectId)


@pytest.mark.parametrize(
    ("fault", "told"), [(AutoReconnect("gone"), DatabaseAway), (OperationFailure("no"), None)]
)
def test_tells_that_mongodb_is_away_and_nothing_else(heard, fault, told):
    def fail(_):
        raise fault

    with pytest.raises(told or type(fault)):
        reading.reading(fail)(heard)

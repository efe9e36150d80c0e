"""Reads wait once for each new primary to catch up, and never mix two terms."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure
from pymongo.monitoring import CommandListener

from ticketing.domain.errors import DatabaseUnavailable
from ticketing.storage.driver import reads

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
    monkeypatch.setattr(reads, "_caught_up", WeakKeyDictionary())


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
    remaining = list(coming)
    monkeypatch.setattr(
        reads, "_term", lambda _: remaining.pop(0) if len(remaining) > 1 else remaining[0]
    )


def reader(*answers):
    """A read that gives these, one after the other."""
    remaining = list(answers)
    return reads.reading(lambda db: remaining.pop(0))


def test_waits_once_for_a_primary(heard, commits):
    read = reads.reading(lambda db: db.events.count_documents({}))

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

    assert isinstance(reads._term(heard.client), ObjectId)


@pytest.mark.parametrize(
    ("fault", "told"),
    [(AutoReconnect("gone"), DatabaseUnavailable), (OperationFailure("no"), None)],
)
def test_tells_that_mongodb_is_away_and_nothing_else(heard, fault, told):
    def fail(_):
        raise fault

    with pytest.raises(told or type(fault)):
        reads.reading(fail)(heard)

"""A connection that was made to a node at its start does no lasting harm."""

from __future__ import annotations

import pytest
from pymongo.errors import ConfigurationError, OperationFailure

from tests.builders import a_new_event, sell
from tests.services.conftest import an_office
from tests.system.checks import check_event
from ticketing.services.groups import Asker
from ticketing.storage import bookings, events, reading
from ticketing.storage.clients import connect
from ticketing.storage.sessionless import is_sessionless
from ticketing.storage.sessions import unit_of_work

ASKER = Asker("ada", "r1")


@pytest.fixture
def client(mongodb_uri):
    """A client of the test's own, with a connection or two."""
    with connect(mongodb_uri, appname="tests") as client:
        client.admin.command("ping")
        yield client


def connections_of(client):
    return [
        connection
        for server in client._topology._servers.values()
        for connection in server.pool.conns
    ]


def spoil(client):
    """Make the pooled connections what they are after a greeting without sessions."""
    spoilt = connections_of(client)
    assert spoilt
    for connection in spoilt:
        connection.supports_sessions = False


def test_the_driver_would_fail_on_it_for_ever(client):
    spoil(client)

    for _ in range(3):
        with client.start_session() as session, pytest.raises(ConfigurationError) as error:
            client.test.events.find_one({}, session=session)
        assert is_sessionless(error.value)


def test_sells_all_the_same(client, db):
    office = an_office(client, client[db.name])
    office.submit("e1", a_new_event(capacity=30), ASKER)
    spoil(client)

    for _ in range(3):
        office.submit("e1", sell(), ASKER)

    assert events.get(db, "e1").sold == 3
    check_event(db, "e1")


def test_commits_all_the_same(client, db):
    """It comes up only when the commit is sent."""

    def work(session):
        client[db.name].leases.insert_one({"_id": "w"}, session=session)
        spoil(client)

    unit_of_work(client, work, seconds=8)

    assert db.leases.find_one({"_id": "w"})


def test_reads_all_the_same(client, db):
    spoil(client)

    assert bookings.waiting_page(client[db.name], "e1", 0, 10) == []
    assert all(connection.supports_sessions for connection in connections_of(client))


def test_tells_other_faults_of_the_configuration_as_they_are(client, db):
    def fail(_):
        raise ConfigurationError("something else")

    with pytest.raises(ConfigurationError, match="something else"):
        reading.reading(fail)(client[db.name])
    assert not is_sessionless(OperationFailure("Sessions are not supported"))

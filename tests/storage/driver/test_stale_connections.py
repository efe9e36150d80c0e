"""A connection that was made to a node at its start does no lasting harm."""

from __future__ import annotations

import pytest
from pymongo.errors import ConfigurationError, OperationFailure

from tests.domain.builders import a_new_event, sell
from tests.services.conftest import a_handler
from tests.system.checks import check_event
from ticketing.domain.identity.caller import Caller
from ticketing.storage import bookings, events
from ticketing.storage.driver import reads
from ticketing.storage.driver.clients import connect
from ticketing.storage.driver.stale_connections import is_stale, pools
from ticketing.storage.driver.units_of_work import unit_of_work

CALLER = Caller("ada", "r1")


@pytest.fixture
def client(mongodb_uri):
    """A client of the test's own, with a connection or two."""
    with connect(mongodb_uri, appname="tests") as client:
        client.admin.command("ping")
        yield client


def connections_of(client):
    return [connection for pool in pools(client) for connection in pool.conns]


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
        assert is_stale(error.value)


def test_sells_all_the_same(client, db):
    handler = a_handler(client, client[db.name])
    handler.execute(a_new_event(capacity=30), on="e1", caller=CALLER)
    spoil(client)

    for _ in range(3):
        handler.execute(sell(), on="e1", caller=CALLER)

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
        reads.reading(fail)(client[db.name])
    assert not is_stale(OperationFailure("Sessions are not supported"))

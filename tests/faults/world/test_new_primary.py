"""The moment after a change of primary: nothing acknowledged may be missing from what is read."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo.errors import PyMongoError

from tests.domain.builders import an_event
from tests.faults.world.cluster import Cluster
from tests.system.waiting import eventually
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.server.mongod import direct
from ticketing.storage import events
from ticketing.storage.driver.clients import Client, connect
from ticketing.storage.driver.deadlines import deadline
from ticketing.storage.migrations.runner import migrate
from ticketing.storage.writes import change_sets


@pytest.mark.system
def test_a_new_primary_shows_all_that_was_acknowledged_or_nothing(tmp_path: Path) -> None:
    """The next primary has the last sale, but can't know yet that a majority has it.

    The sale was acknowledged by the first node and one more. The first is frozen at once, before it
    could tell the other one, if the moment is right (in two runs of five); the third, which lags
    behind, keeps the new primary from committing anything of its own. `tests/storage/
    test_reading.py` shows the same without chance.
    """
    test_commands = ["--setParameter", "enableTestCommands=1"]
    with (
        Cluster(tmp_path, extra=test_commands) as cluster,
        connect(cluster.uri, appname="tests") as client,
    ):
        db = client["office"]
        migrate(db)
        with client.start_session() as session:
            change_sets.write_event(db, None, an_event(), session)
        assert events.get(db, "e1").sold == 0

        primary, (_, lagging) = cluster.await_primary(), cluster.secondaries()
        hold_back(lagging, "alwaysOn")
        db.events.update_one({"_id": "e1"}, {"$set": {"sold": 1}})
        cluster.freeze(primary)
        await_another(client, primary)

        with deadline(1), suppress(DatabaseUnavailable):
            assert events.get(db, "e1").sold == 1
        hold_back(lagging, "off")
        assert events.get(db, "e1").sold == 1


def hold_back(port: int, mode: str) -> None:
    """Have a secondary stop following the others, or go on."""
    with direct(port) as node:
        node.admin.command({"configureFailPoint": "stopReplProducer", "mode": mode})
    time.sleep(1)


def await_another(client: Client, former: int) -> None:
    """Wait until this client has found another primary."""

    def is_found() -> bool:
        with suppress(PyMongoError):
            client.admin.command("ping")
        return client.primary is not None and client.primary[1] != former

    eventually(is_found, "another primary")

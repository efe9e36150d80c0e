"""The service with the MongoDB user that docs/deployment.md makes, and with nothing more."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest
from pymongo.errors import OperationFailure

from tests.system.runs import ticketing
from tests.system.server import ROOT, Server
from tests.system.waiting import eventually
from tests.system.workers import connected_worker, server_answers
from ticketing.server.mongod import Mongod
from ticketing.storage.driver.clients import connect

PAGE = (ROOT / "docs" / "deployment.md").read_text()
COMMANDS = [
    json.loads(text) for text in re.findall(r"db\.runCommand\((\{.*?\})\)", PAGE, re.DOTALL)
]
PASSWORD = "A-PASSWORD-OF-ITS-OWN"


@pytest.fixture(scope="module")
def mongod(tmp_path_factory):
    server = Mongod(tmp_path_factory.mktemp("guarded") / "data")
    server.start()
    with connect(server.uri, appname="tests") as admin:
        for command in COMMANDS:
            # The user of a MongoDB of `make run` has the same name.
            name = command.get("createUser")
            admin.admin.command({**command, **({"createUser": "service"} if name else {})})
    yield server
    server.kill()


@pytest.fixture(scope="module")
def uri(mongod):
    return f"mongodb://service:{PASSWORD}@127.0.0.1:{mongod.port}/?replicaSet=ticketing&authSource=admin"


@pytest.fixture(scope="module")
def server(uri, tmp_path_factory):
    migrated = ticketing("migrate", MONGODB_URI=uri, AUTH="open")
    assert migrated.returncode == 0, migrated.stderr
    with Server(uri, "ticketing", tmp_path_factory.mktemp("guarded") / "log") as running:
        yield running


def test_sells_and_counts(server, uri):
    client = server.client()
    event = client.create()

    assert client.sell(event["id"]).status == 201
    assert client.get("/readyz").json["status"] == "ok"
    assert ticketing("verify", MONGODB_URI=uri, AUTH="open").returncode == 0


def test_may_not_reach_into_other_databases(server, uri):
    with connect(uri, appname="tests") as client, pytest.raises(OperationFailure):
        client.others.things.insert_one({})


def test_frees_what_a_worker_that_died_had_locked(server, uri, mongod):
    client = server.client()
    event = client.create(date="2031-04-05")
    with connect(mongod.uri, appname="tests") as admin:
        pid, appname = connected_worker(admin, server)
    with connect(uri, appname=appname) as twin, twin.start_session() as session:
        session.start_transaction()
        twin.ticketing.events.update_one(
            {"_id": event["id"]}, {"$inc": {"sold": 1}}, session=session
        )
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: "orphans_" in server.log, "its sessions are looked for")

    assert '"orphans_ended"' in server.log
    assert server_answers(server, event["id"]) == 201

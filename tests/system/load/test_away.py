"""MongoDB is not there, or does not answer: the service says so in time, and comes back with it."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.client import Client
from tests.system.runs import Run, standalone_mongod
from tests.system.server import Server
from tests.system.waiting import eventually
from ticketing.server.mongod import Mongod, free_port, running_in
from ticketing.services.verification import verify
from ticketing.storage.driver.clients import connect
from ticketing.storage.migrations.runner import migrate

EVENT = {"name": "Gala", "date": "2031-10-31", "capacity": 100, "costPerTicket": 5}

# How long the server may wait here. How long its clients do is measured by `make faults`.
REQUEST_S = 3


@pytest.fixture
def mongod(tmp_path):
    """A MongoDB of the test's own, to be broken."""
    server = Mongod(tmp_path / "data")
    server.start()
    with connect(server.uri, appname="tests") as client:
        migrate(client["away"])
    yield server
    server.kill()


def impatient_server(uri: str, folder: Path, **known: str) -> Server:
    limits = {"REQUEST_TIMEOUT_S": str(REQUEST_S), "LANE_WAIT_S": "2", "COMMIT_TIMEOUT_S": "3"}
    return Server(uri, "away", folder / "log", **limits, **known)


def is_refused_meanwhile(port: int, path: str) -> None:
    """Everything that needs MongoDB is a 503 with Retry-After, for many clients at once."""

    def read(_):
        return Client(port).get(path)

    def write(_):
        return Client(port).post("/api/v1/events", EVENT)

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(read, range(4)), *pool.map(write, range(4))]

    for answer in answers:
        assert answer.status == 503, answer
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.json["code"] in ("database_unavailable", "outcome_unknown", "busy")


def is_alive_but_not_ready(port: int) -> None:
    assert Client(port).get("/livez").status == 200
    answer = Client(port).get("/readyz")
    assert (answer.status, answer.json["database"]) == (503, "unreachable")


def comes_back(port: int) -> None:
    eventually(lambda: Client(port).get("/readyz").status == 200, "it comes back")


def test_tells_the_truth_while_mongodb_stands_still(mongod, tmp_path):
    with impatient_server(mongod.uri, tmp_path) as server:
        workers = server.workers()
        os.kill(mongod.pid, signal.SIGSTOP)
        try:
            is_alive_but_not_ready(server.port)
            is_refused_meanwhile(server.port, "/api/v1/events")
        finally:
            os.kill(mongod.pid, signal.SIGCONT)

        comes_back(server.port)
        assert server.workers() == workers
        # What is told as unknown or refused may be asked for again.
        assert server.client().post("/api/v1/events", EVENT).status in (201, 409)


def test_starts_without_mongodb_and_serves_once_it_is_there(mongod, tmp_path):
    uri = mongod.uri
    mongod.stop()
    with impatient_server(uri, tmp_path, starts="/livez") as server:
        assert "can't be reached" in server.log
        assert server.log.count("Traceback") == 0
        is_alive_but_not_ready(server.port)
        is_refused_meanwhile(server.port, "/api/v1/events")

        mongod.start()
        comes_back(server.port)
        assert server.client().post("/api/v1/events", EVENT).status == 201


def test_says_that_a_mongodb_it_did_not_meet_at_the_start_will_never_do(tmp_path):
    """A standalone server that comes up later: nothing is sold on it, and `/readyz` says why."""
    port = free_port()
    uri = f"mongodb://127.0.0.1:{port}/"
    server = impatient_server(uri, tmp_path, starts="/livez")
    with server, standalone_mongod(tmp_path, port):

        def reached():
            said = server.client().get("/readyz").json
            return said if said["database"] != "unreachable" else None

        said = eventually(reached, "MongoDB is reached")
        assert said["database"] == "unfit"
        assert "--replSet" in said["warnings"][0]
        assert server.client().post("/api/v1/events", EVENT).status == 503


def test_a_run_starts_its_mongodb_again_when_it_is_killed(tmp_path):
    port = free_port()
    with Run(tmp_path, port) as run:
        event = Client(port).create(capacity=50)["id"]
        sold = [Client(port).sell(event).json["id"] for _ in range(5)]
        (pid,) = mongods_in(tmp_path)

        os.kill(pid, signal.SIGKILL)
        eventually(lambda: Client(port).sell(event).status == 201, "it sells again")

        (again,) = mongods_in(tmp_path)
        assert again != pid
        for id_ in sold:
            assert Client(port).get(f"/api/v1/transactions/{id_}").status == 200
        assert Client(port).show(event)["ticketsSold"] == 6
        with connect(running_in(tmp_path), appname="tests") as client:
            assert list(verify(client["ticketing"])) == []
        run.ctrl_c()
    assert "starting it again" in run.said


def mongods_in(data):
    """Find the process ids of the mongods that work in this folder."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"mongod" in words[0] and str(data / "db").encode() in words:
            found.append(int(command.parent.name))
    return found

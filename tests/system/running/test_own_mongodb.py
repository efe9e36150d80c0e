"""The MongoDB of `make run` is its owner's: it asks for a password, and its folder is closed."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tests.client import Client
from tests.system.runs import Run, ticketing
from ticketing.server import credentials
from ticketing.server.mongod import Mongod, MongodError, direct, find_mongod, free_port, running_in
from ticketing.storage.driver.clients import connect


@contextmanager
def running_mongod(data: Path) -> Iterator[Mongod]:
    server = Mongod(data)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def mongod(tmp_path_factory):
    with running_mongod(tmp_path_factory.mktemp("own") / "data") as server:
        yield server


def is_refused(client, command):
    with pytest.raises(OperationFailure) as error:
        client.admin.command(command)
    assert error.value.code == 13  # Unauthorized


def test_lets_nobody_in_without_the_password(mongod):
    with direct(mongod.port) as stranger:
        is_refused(stranger, {"listDatabases": 1})
        is_refused(stranger, {"replSetGetConfig": 1})
        is_refused(stranger, {"createUser": "me", "pwd": "mine", "roles": ["root"]})

    guessed = mongod.uri.replace(credentials.password(mongod._data), "guessed")
    with (
        MongoClient(guessed) as stranger,
        pytest.raises(OperationFailure, match="Authentication failed"),
    ):
        stranger.admin.command("ping")


def test_makes_nobody_an_administrator_before_it_has_a_user(tmp_path, monkeypatch):
    """Whoever connects first to a new MongoDB on loopback may make its first user, as a rule."""
    monkeypatch.setattr(Mongod, "_lets_in", lambda *_: True)
    with running_mongod(tmp_path / "data") as server, direct(server.port) as stranger:
        is_refused(stranger, {"createUser": "me", "pwd": "mine", "roles": ["root"]})


def test_lets_in_whoever_has_the_password(mongod):
    with connect(mongod.uri, appname="tests") as client:
        client.own.things.insert_one({})
        assert client.own.things.count_documents({}) == 1


def test_nobody_else_can_read_the_folder(mongod):
    data = mongod._data

    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in ("db", "lock", "mongod.log", "mongodb-key", "mongodb-password"):
        assert stat.S_IMODE((data / name).stat().st_mode) & 0o077 == 0, name
    assert not list((data / "db").rglob("*.sock"))


def test_closes_a_folder_from_before_without_losing_what_is_in_it(tmp_path):
    """A folder whose MongoDB had no users, and which everybody may look into."""
    data, port = tmp_path / "data", free_port()
    (data / "db").mkdir(parents=True)
    old = subprocess.Popen(
        [str(find_mongod()), "--dbpath", str(data / "db"), "--port", str(port),
         "--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", "ticketing",
         "--logpath", str(data / "mongod.log")],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with direct(port) as client:
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            client.admin.command("replSetInitiate", {"_id": "ticketing", "members": members})
        with MongoClient(port=port, replicaSet="ticketing") as client:
            client.ticketing.kept.insert_one({"_id": "sold"})
    finally:
        old.terminate()
        old.wait()
    (data / "port").write_text(f"{port}\n")
    for known in (data, data / "db"):
        known.chmod(0o755)

    with running_mongod(data) as server:
        assert server.port == port
        with direct(port) as stranger:
            is_refused(stranger, {"listDatabases": 1})
        with connect(server.uri, appname="tests") as client:
            assert client.ticketing.kept.find_one() == {"_id": "sold"}
    assert stat.S_IMODE((data / "db").stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "mongod.log").stat().st_mode) == 0o600


def test_takes_a_new_password_where_the_old_one_is_lost(tmp_path):
    data = tmp_path / "data"
    with running_mongod(data) as server:
        first = server.uri
    (data / "mongodb-password").unlink()
    (data / "mongodb-key").unlink()

    with running_mongod(data) as server:
        assert server.uri != first
        with connect(server.uri, appname="tests") as client:
            assert client.admin.command("ping")["ok"]


def test_closes_a_copy_that_lost_its_modes(tmp_path):
    with running_mongod(tmp_path / "data"):
        pass
    shutil.copytree(tmp_path / "data", tmp_path / "copy", copy_function=shutil.copyfile)

    with running_mongod(tmp_path / "copy") as server:
        assert stat.S_IMODE(server.password_file.stat().st_mode) == 0o600


def test_works_in_no_folder_that_everybody_may_write_to(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o777)

    with pytest.raises(MongodError, match="chmod o-w"):
        Mongod(tmp_path / "data").start()


def test_says_that_the_folder_is_none(tmp_path):
    (tmp_path / "data").write_text("a file")

    done = ticketing("run", "--data", str(tmp_path / "data"), PORT=str(free_port()))

    assert done.returncode == 1
    assert "can't be used" in done.stderr
    assert done.stderr.count("\n") == 1


def test_tells_where_the_password_is_and_not_what_it_is(tmp_path):
    port = free_port()
    with Run(tmp_path / "data", port, LOG_FORMAT="json") as run:
        file = Path(re.search(r"its password is in (\S+)", run.said)[1])
        password = file.read_text().strip()
        shown = re.search(r"(mongodb:\S+)", run.said)[1]
        assert Client(port).get("/readyz").status == 200

        # As a tool does that asks for the password.
        with MongoClient(shown.replace("@", f":{password}@")) as tool:
            assert tool.ticketing.migrations.count_documents({}) > 0
        assert running_in(tmp_path / "data") == shown.replace("@", f":{password}@")
        command_lines = b"".join(
            file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists()
        )
        run.ctrl_c()

    assert password not in run.said
    assert password.encode() not in command_lines


def test_shows_no_password_of_a_mongodb_that_was_set(mongod, tmp_path):
    with Run(tmp_path / "data", free_port(), MONGODB_URI=mongod.uri) as run:
        run.ctrl_c()

    assert f"mongodb://127.0.0.1:{mongod.port}" in run.said
    assert credentials.password(mongod._data) not in run.said
    assert not (tmp_path / "data").exists()

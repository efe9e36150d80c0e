"""Every line that a process logs is one JSON object, whoever writes it, and text on a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.system.server import ROOT, Server, clean_environment
from tests.system.terminal import Terminal
from tests.system.waiting import eventually

# Everything that writes to standard error by itself.
TALKS = """
import logging, sys, threading, warnings
import structlog
from ticketing.server import logs

logs.configure("info", sys.argv[1])
logs.log_what_nobody_catches()

class Unwilling:
    def __del__(self):
        raise ValueError("while it goes")

def fail():
    raise ValueError("in a thread")

structlog.get_logger("ours").info("request", status=200)
structlog.get_logger("ours").debug("unheard")
logging.getLogger("theirs").warning("a line\\nand another of %s", "theirs")
logging.getLogger("theirs").info("unheard")
try:
    fail()
except ValueError:
    logging.getLogger("theirs").exception("with a traceback")
warnings.warn("old-fashioned")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
Unwilling()
raise ValueError("at the end")
"""


def talking(format_: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", TALKS, format_],
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stderr


@pytest.mark.parametrize("format_", ["auto", "json"])
def test_writes_one_object_a_line_whoever_speaks(format_):
    lines = [json.loads(line) for line in talking(format_).splitlines()]

    said = [(line["level"], line["event"]) for line in lines]
    assert said == [
        ("info", "request"),
        ("warning", "a line\nand another of theirs"),
        ("error", "with a traceback"),
        ("warning", lines[3]["event"]),
        ("error", "crash"),
        ("error", "crash"),
        ("error", "crash"),
    ]
    assert "old-fashioned" in lines[3]["event"]
    told = ["in a thread", "in a thread", "while it goes", "at the end"]
    for line, error in zip([lines[2], *lines[4:]], told, strict=True):
        assert f"ValueError: {error}" in line["exception"]
    assert all("timestamp" in line for line in lines)


def test_writes_text_for_people_on_a_terminal():
    with Terminal([sys.executable, "-c", TALKS, "auto"], ROOT, clean_environment()) as terminal:
        terminal.wait()

    assert "request" in terminal.seen
    assert "status" in terminal.seen
    assert not any(line.startswith("{") for line in terminal.seen.splitlines())


def test_writes_objects_on_a_terminal_where_that_is_set():
    with Terminal([sys.executable, "-c", TALKS, "json"], ROOT, clean_environment()) as terminal:
        terminal.wait()

    assert all(json.loads(line) for line in terminal.seen.splitlines())


def test_writes_text_anywhere_where_that_is_set():
    assert "\x1b" not in talking("text")
    assert "request" in talking("text").splitlines()[0]
    assert not talking("text").startswith("{")


def test_a_server_writes_nothing_but_objects(mongodb_uri, office_db, tmp_path):
    """Requests good and bad, a worker that is killed, one that hangs up, and the end of it all."""
    with Server(mongodb_uri, office_db.name, tmp_path / "log", LOG_LEVEL="debug") as server:
        client = server.client()
        event = client.create()
        assert client.sell(event["id"]).status == 201
        assert client.post("/api/v1/events", {"name": 1}).status == 400
        hung_up = server.workers()[0]
        os.kill(hung_up, signal.SIGHUP)  # a worker ends by a signal of its own
        eventually(lambda: "SIGHUP" in server.log, "the server tells of the first")
        eventually(lambda: set(server.workers()) - {hung_up}, "another works")
        server.kill_a_worker()
        eventually(lambda: "SIGKILL" in server.log, "the server tells of the second")
        assert server.stop() == 0

    lines = [json.loads(line) for line in server.log.splitlines()]
    assert any(line.get("logger") == "gunicorn.error" for line in lines)


def test_a_server_whose_mongodb_is_away_says_so_in_an_object(tmp_path):
    uri = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200"
    with Server(uri, "away", tmp_path / "log", starts="/livez") as server:
        server.stop()

    lines = [json.loads(line) for line in server.log.splitlines()]
    assert [line["event"] for line in lines].count("started_without_mongodb") == 1


def test_a_request_line_names_the_address_and_how_much_was_answered(server):
    answer = server.client().request("GET", "/api/v1/events", X_Request_ID="count-me")

    (mine,) = [
        line
        for line in map(json.loads, server.log.splitlines())
        if line.get("request_id") == "count-me"
    ]
    assert (mine["address"], mine["caller"]) == ("127.0.0.1", None)
    assert mine["bytes"] == len(answer.body)

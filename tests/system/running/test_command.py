"""The `ticketing` command as a process: how it ends, what it says, and what a terminal shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

import ticketing as package
from tests.domain.builders import a_new_event, sell
from tests.services.mail.smtp_server import Mailbox, serving
from tests.system.runs import TICKETING, ticketing
from tests.system.server import ROOT, clean_environment
from tests.system.terminal import Terminal
from tests.system.waiting import NEVER_S, eventually
from ticketing.domain.identity.caller import Caller
from ticketing.server.mongod import free_port
from ticketing.services.mail.messages import Letters
from ticketing.storage.background import outbox
from ticketing.storage.driver.units_of_work import until_committed, utc_now

CALLER = Caller("ada", "r1")


@pytest.fixture
def settings(mongodb_uri, db):
    return {"MONGODB_URI": mongodb_uri, "DATABASE": db.name}


@pytest.fixture
def e1(handler):
    for command in (a_new_event(capacity=5), sell(1, "s1")):
        handler.execute(command, on="e1", caller=CALLER)


# What is asked, with what number it ends, and what is said of it.
ENDINGS = {
    "done": (["events", "list"], 0, "date"),
    "no such event": (["sell", "e2", "1"], 1, "There is no event with this id."),
    "too few tickets": (["sell", "e1", "5"], 1, "Fewer tickets are left .* \\(available: 4\\)."),
    "not an event": (["events", "add", "Gala", "soon", "5", "5"], 1, "can't be an event: date: "),
    "no command": (["cell"], 2, "No such command 'cell'"),
    "a word for a number": (["sell", "e1", "many"], 2, "'many' is not a valid integer range"),
    "none at all": (["sell", "e1", "0"], 2, "0 is not in the range"),
    "no file": (["import", "nowhere.csv"], 2, "'nowhere.csv' does not exist"),
    "nothing asked": ([], 2, "Usage: ticketing"),
    "half a command": (["users"], 2, "Usage: ticketing users"),
}


@pytest.mark.usefixtures("e1")
@pytest.mark.parametrize(("asked", "code", "said"), ENDINGS.values(), ids=ENDINGS.keys())
def test_ends_with_a_number_and_a_sentence(settings, asked, code, said):
    done = ticketing(*asked, **settings)

    assert done.returncode == code, done
    assert re.search(said, done.stderr if code else done.stdout)
    assert "Traceback" not in done.stderr
    if code == 1:
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)


@pytest.mark.parametrize("asked", [["migrate"], ["events", "list"]], ids=" ".join)
def test_says_in_a_sentence_that_mongodb_is_away(asked):
    uri = f"mongodb://127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=100"

    done = ticketing(*asked, MONGODB_URI=uri, AUTH="open")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "can't be reached" in done.stderr


@pytest.mark.parametrize("asked", ["migrate", "serve"])
def test_says_which_setting_is_lacking(asked):
    done = ticketing(asked, AUTH="open")

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "TICKETING_MONGODB_URI is not set" in done.stderr


def test_says_which_version_it_is():
    assert ticketing("--version").stdout == f"ticketing {package.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completes_what_is_typed_in(shell):
    script = ticketing(environment={"_TICKETING_COMPLETE": f"{shell}_source"})
    typed = {"COMP_WORDS": "ticketing exp", "COMP_CWORD": "exp" if shell == "fish" else "1"}
    found = ticketing(environment={"_TICKETING_COMPLETE": f"{shell}_complete", **typed})

    assert f"{shell}_complete" in script.stdout
    assert "export" in found.stdout
    assert "import" not in found.stdout


@pytest.mark.usefixtures("e1")
def test_shows_on_a_terminal_how_far_it_is_and_takes_that_away(settings, tmp_path):
    environment = clean_environment(**settings)
    for asked, text in (
        (["verify"], "Read 1 event and 2 audit entries: all agree."),
        (["export", "transactions", "--output", str(tmp_path / "sales.csv")], "Rows: 1."),
    ):
        with Terminal([*TICKETING, *asked], ROOT, environment) as terminal:
            assert terminal.wait() == 0

        *progress, answer = terminal.seen.split("\r\x1b[K")
        assert any(re.search(r"[0-9].* \.\.\.$", line) for line in progress), terminal.seen
        assert answer.strip() == text


@pytest.mark.usefixtures("e1")
def test_writes_into_a_pipe_that_is_closed_early(settings, handler):
    command = f"{sys.executable} -m ticketing export audit --format ndjson | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=clean_environment(**settings),
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert json.loads(done.stdout)["action"] == "created"
    assert "Traceback" not in done.stderr


def test_sends_no_mail_without_a_server(settings):
    done = ticketing("notify", AUTH="open", **settings)

    assert done.returncode == 1
    assert "TICKETING_MAIL_URI is not set" in done.stderr


def test_sends_what_is_due_until_it_is_stopped(settings, db, tmp_path):
    with serving(Mailbox()) as mailbox, (tmp_path / "log").open("w") as log:
        mail = {
            "MAIL_URI": mailbox.uri,
            "MAIL_FROM": "tickets@venue.example",
            "PUBLIC_URL": "http://127.0.0.1:1",
        }
        sending = subprocess.Popen(
            [*TICKETING, "notify"], cwd=ROOT, stdout=log, stderr=log,
            env=clean_environment(AUTH="open", **settings, **mail),
        )  # fmt: skip
        try:
            letter = Letters("http://127.0.0.1:1", mail["MAIL_FROM"]).write(
                "known", "u1", "ada@example.org"
            )
            until_committed(
                db, lambda session: outbox.insert(db, letter, utc_now(), session), seconds=8
            )
            eventually(lambda: mailbox.taken, "the mail is there")
        finally:
            sending.terminate()
            assert sending.wait(NEVER_S) == 0

    assert [message["To"] for message in mailbox.taken] == ["ada@example.org"]

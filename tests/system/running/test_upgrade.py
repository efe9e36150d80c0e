"""This version and an earlier one on one database, under load: what docs/upgrade.md promises.

The earlier ones are taken from the repository's history. There are two kinds: one whose schema is
today's, which may serve beside this one, and the one before the last migration, which may not.
"""

from __future__ import annotations

import subprocess
import threading
from contextlib import ExitStack, suppress
from http.client import HTTPException
from itertools import count

import pytest

from tests.system.runs import ticketing
from tests.system.server import ROOT, Server
from tests.system.waiting import eventually
from ticketing.storage.migrations import MIGRATIONS

FOLDER = "ticketing/storage/migrations"

# What an earlier version imports and today's lock has no more: a page of documentation hangs on it.
STAND_INS = {
    "flask_swagger_ui.py": "from flask import Blueprint\n"
    "def get_swaggerui_blueprint(*_): return Blueprint('swagger_ui', __name__)\n"
}


def git(*arguments):
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def version_at(commit, folder):
    """The code of an earlier version, in a folder."""
    folder.mkdir()
    archive = subprocess.run(
        ["git", "archive", commit, "ticketing"], cwd=ROOT, capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    for name, text in STAND_INS.items():
        (folder / name).write_text(text)
    return folder


SAME = git("log", "-1", "--first-parent", "--format=%H", "--", FOLDER)
(*_, LAST) = [migration.name for migration in MIGRATIONS if migration.is_needed is None]
BEFORE = git("log", "-1", "--diff-filter=A", "--format=%P", "--", f"{FOLDER}/m{LAST}.py").partition(
    " "
)[0]

pytestmark = pytest.mark.skipif(
    not (SAME and BEFORE), reason="the history is not here: git clone without --depth"
)


class Tills:
    """Some tills that sell without a pause, each asking another server where one has no answer."""

    def __init__(self, servers, event, tills=4):
        self.servers = servers
        self.sold = {}
        self.heard = set()
        self._event = event
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._sell, args=[n]) for n in range(tills)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.sell_on()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def sell_on(self):
        """Wait until some more have been sold."""
        before = len(self.sold)
        eventually(lambda: len(self.sold) > before + 20, "tickets are sold")

    def _sell(self, till):
        for number in count():
            if self._stop.is_set():
                return
            key = f"till-{till}-{number}"
            answer = eventually(lambda key=key: self._ask(key), "a ticket is sold")
            self.sold[key] = answer.json["id"]

    def _ask(self, key):
        for server in list(self.servers):
            with suppress(HTTPException, OSError):
                answer = server.client().sell(self._event, Idempotency_Key=key)
                self.heard.add((answer.status, answer.json.get("code")))
                if answer.status == 201:
                    return answer
        return None


def sales_in(db, event):
    return {sale["_id"] for sale in db.bookings.find({"event": event, "customer": None})}


@pytest.fixture
def code(tmp_path):
    """Today's code and two earlier versions, in folders."""
    return {
        "new": ROOT,
        "same": version_at(SAME, tmp_path / "same"),
        "before": version_at(BEFORE, tmp_path / "before"),
    }


@pytest.fixture
def at(code, mongodb_uri, mongo, tmp_path):
    """Start a server of a version on the one database; whoever is started has to be stopped."""
    with ExitStack() as running:

        def start(version, starts="/readyz"):
            log = tmp_path / f"log-{version}"
            server = Server(mongodb_uri, "upgrade", log, starts=starts, root=code[version],
                            WORKERS="1")  # fmt: skip
            return running.enter_context(server)

        yield start
    mongo.drop_database("upgrade")


def run(code, version, command, mongodb_uri):
    settings = {"MONGODB_URI": mongodb_uri, "DATABASE": "upgrade", "AUTH": "open"}
    return ticketing(command, root=code[version], **settings)


@pytest.mark.parametrize(("first", "then"), [("same", "new"), ("new", "same")], ids=["up", "down"])
def test_servers_are_replaced_one_by_one_while_others_sell(
    at, code, mongo, mongodb_uri, first, then
):
    assert run(code, first, "migrate", mongodb_uri).returncode == 0
    servers = [at(first), at(first)]
    event = servers[0].client().create(capacity=1_000_000)["id"]

    assert run(code, then, "migrate", mongodb_uri).stdout == "Nothing to migrate.\n"
    with Tills(servers, event) as tills:
        for number in range(2):
            old = servers[number]
            servers.remove(old)  # as a proxy would be told
            assert old.stop() == 0
            servers.insert(number, at(then))
            tills.sell_on()

    assert tills.heard == {(201, None)}
    assert sales_in(mongo["upgrade"], event) == set(tills.sold.values())
    done = run(code, then, "verify", mongodb_uri)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_what_is_older_than_a_migration_steps_aside_and_nothing_is_lost(
    at, code, mongo, mongodb_uri
):
    """Servers of before go on until the migration, and refuse from then on; the new one serves."""
    assert run(code, "before", "migrate", mongodb_uri).returncode == 0
    servers = [at("before")]
    event = servers[0].client().create(capacity=1_000_000)["id"]

    with Tills(servers, event) as tills:
        new = at("new", starts="/livez")
        refused = new.client().sell(event)
        assert (refused.status, refused.json["code"]) == (503, "database_unfit")
        tills.sell_on()

        assert run(code, "new", "migrate", mongodb_uri).returncode == 0
        eventually(lambda: (503, "database_unfit") in tills.heard, "the older one steps aside")
        servers.append(new)
        tills.sell_on()

    assert tills.heard == {(201, None), (503, "database_unfit")}
    assert sales_in(mongo["upgrade"], event) == set(tills.sold.values())
    done = run(code, "new", "verify", mongodb_uri)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    for command in ("serve", "migrate"):
        done = run(code, "before", command, mongodb_uri)
        assert done.returncode == 1
        assert LAST in done.stderr
        assert "does not know" in done.stderr

"""docs/clients.md: each block runs as printed, in an empty folder, against `make run`.

Those of the generated clients need what `make clients` installs, and run there.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from tests.system.clients import page
from tests.system.runs import Run, shell
from ticketing.server.mongod import free_port

pytestmark = pytest.mark.system

SAID = "2 tickets sold for 10\nada@example.org: confirmed\ngrace@example.org: waiting\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    port = free_port()
    with Run(tmp_path_factory.mktemp("clients"), port):
        yield port


def said(text):
    decoder, found = json.JSONDecoder(), []
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def run(program, port, heading, file, folder):
    ((_, source),) = page.blocks(heading, port)
    (folder / file).write_text(source)
    done = subprocess.run([program, file], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_what_a_shell_says(text):
    sale, booked, waits, status, off = said(text)
    assert (sale["nTickets"], sale["total"]) == (2, 10)
    assert (booked["status"], waits["status"]) == ("confirmed", "waiting")
    assert (status["ticketsSold"], status["waiting"]) == (3, 1)
    assert off["owedTotal"] == 15


def test_curl(port):
    ((_, block),) = page.blocks("## curl", port)
    check_what_a_shell_says(shell(block))


def test_python(port, tmp_path):
    assert run(sys.executable, port, "## Python", "sell.py", tmp_path) == SAID


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_javascript(port, tmp_path):
    assert run("node", port, "## JavaScript", "sell.mjs", tmp_path) == SAID


@pytest.mark.skipif(shutil.which("http") is None, reason="there is no HTTPie here")
def test_httpie(port):
    ((_, block),) = page.blocks("## HTTPie", port)
    check_what_a_shell_says(shell(block))


def test_nothing_is_deprecated_and_the_page_says_so(api):
    document = api.get("/openapi.json").json
    assert '"deprecated"' not in json.dumps(document)
    assert "Nothing is deprecated" in (page.PAGE.parent / "versions.md").read_text()


def test_names_the_variables_of_the_collection():
    collection = json.loads((page.PAGE.parents[1] / "postman_collection.json").read_text())
    text = page.PAGE.read_text()
    for variable in ("baseUrl", "adminUser", "adminPass", "authHeader", "exampleEventId"):
        assert re.search(rf"`{variable}`", text)
        assert variable in {one["key"] for one in collection["variable"]}

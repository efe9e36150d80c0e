"""The lines of the tutorial and of the page on the command, one after the other, as they stand."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.system.runs import Run
from tests.system.server import ROOT, clean_environment
from ticketing.server.mongod import free_port

# Read by bash after each block, so that what a block prints can be told from the others.
END = "=== end of block ==="


def blocks(page):
    return re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def run_all(page, folder, **others):
    """Run a page's blocks in one shell; return what each of them prints."""
    lines = f"\necho; echo '{END}'\n".join(blocks(page))
    for old, new in others.items():
        lines = lines.replace(old, new)
    script = f'shopt -s expand_aliases\ncd "{folder}"\n{lines}'
    done = subprocess.run(
        ["bash", "-eu"], input=script, env={**clean_environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split(END)


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("evening"), free_port()
    with Run(folder / "var", port):
        yield run_all("tutorial.md", folder, **{
            ".venv/bin/python": sys.executable, "127.0.0.1:8000": f"127.0.0.1:{port}",
        })  # fmt: skip


def test_the_tutorial_says_how_it_is_started():
    page = (ROOT / "docs" / "tutorial.md").read_text()

    assert re.findall(r"```sh run\n(.*?)```", page, re.DOTALL) == ["make run\n"]


def test_the_evening_goes_as_it_is_told(evening):
    made, sold, booked, cancelled, story, closed, proven = evening

    assert "Salt & Rosin" in made
    assert sold.strip().startswith("Sold 2 for 22: transaction ")
    assert booked.count('"position":1') == 2
    assert '"assignedCount":1' in cancelled
    assert "ticketsAvailable: 1" in cancelled
    assert "waiting: 0" in cancelled
    actions = re.findall(r'"action":"(\w+)"', story)
    assert actions == ["created", "sold", "booked", "waitlisted", "cancelled", "assigned"]
    assert '"transactions":1' in closed
    assert closed.strip().splitlines()[-1].split()[2:] == ["33", "1", "75"]
    assert "Read 1 event and 6 audit entries: all agree." in proven


def test_the_lines_on_the_command_do_what_they_say(tmp_path):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "ticketing"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ticketing "$@"\n')
    program.chmod(0o755)
    with Run(tmp_path / "var", free_port()):
        out, in_ = run_all("command.md", tmp_path, **{
            "ticketing export bookings": f'PATH="{tmp_path}/bin:$PATH"\nticketing export bookings'
        })  # fmt: skip

    assert out.strip() == ""
    assert "2 events could be added; nothing was." in in_
    assert "2 events added." in in_
    assert {file.name for file in tmp_path.glob("*.csv")} == {
        "audit.csv", "bookings.csv", "season.csv"
    }  # fmt: skip

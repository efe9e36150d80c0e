"""`make sure` is what CI checks, and CI checks it in environments of its own making."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.system.server import ROOT

CI = (ROOT / ".ci" / "run").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def checked() -> list[str]:
    """The targets that `make sure` makes, in order."""
    recipe = re.search(r"^sure:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe
    told = [line.partition("--no-print-directory ")[2] for line in recipe[1].splitlines()]
    return [word for line in told for word in shlex.split(line) if "=" not in word]


def test_contributing_names_all_that_make_sure_checks():
    said = (ROOT / "CONTRIBUTING.md").read_text().split("\n\n")[1]

    named = [name for name in re.findall(r"`make ([a-z-]+)`", said) if name in checked()]
    assert named == checked()
    assert {"lint", "typecheck", "coverage"} < set(named)


def test_ci_checks_nothing_else():
    assert re.findall(r"^(?:exec )?make (\S+)", CI, re.MULTILINE) == ["sure"]


def test_ends_with_the_tests():
    """So that the end of the log is what they came to."""
    assert checked()[-1] == "coverage"
    assert CI.rstrip().splitlines()[-1].startswith("exec make sure ")


def test_ci_installs_the_programs_without_which_tests_are_skipped():
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")]
    asked_for = {
        name for file in files for name in re.findall(r'shutil\.which\("(\w+)"\)', file.read_text())
    }
    (needed,) = re.findall(r"^needed=\((.*)\)", CI, re.MULTILINE)

    assert {"nginx", "openssl", "wrk", "git"} <= asked_for
    packages = {"promtool": "prometheus"}
    # Who looks at the API from outside says what is skipped; npm's packages can't be counted on.
    by_the_way = {"node", "npm", "http"}
    wanted = sorted(packages.get(name, name) for name in asked_for - by_the_way)
    assert [name for name in wanted if name not in needed] == []


class Machine:
    """A checkout and a PATH where make, dpkg, apt-get and id are programs of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.bin = folder / "checkout", folder / "bin"
        (self.checkout / ".ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci" / "run", self.checkout / ".ci")
        self.bin.mkdir()
        self.has("make", 'echo "make $* PYTHONPATH=${PYTHONPATH-none} $(ls -d .venv* | xargs)"')
        self.has("dpkg", "exit 0")
        self.has("id", "echo 0")
        self.has("apt-get", 'echo "apt-get $*" >&2')

    def has(self, program: str, script: str) -> None:
        (self.bin / program).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / program).chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.checkout / ".ci" / "run"],
            env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", "PYTHONPATH": "/here",
                 "MAKEFLAGS": "-n"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


def test_ci_uses_no_environment_that_is_there_already(machine):
    for name in (".venv", ".venv-ci", ".venv-ci-fuzz", ".venv-ci-clients"):
        (machine.checkout / name / "bin").mkdir(parents=True)

    done = machine.run()

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "make sure VENV=.venv-ci FUZZ_VENV=.venv-ci-fuzz CLIENTS_VENV=.venv-ci-clients "
        "PYTHONPATH=none .venv\n"
    )


def test_ci_installs_what_is_missing_as_root(machine):
    machine.has("dpkg", '[ "$2" != wrk ]')

    said = machine.run().stderr

    assert re.search(r"^apt-get update", said, re.MULTILINE)
    assert re.search(r"^apt-get install .* wrk$", said, re.MULTILINE)


def test_ci_says_what_is_missing_to_anybody_else(machine):
    machine.has("dpkg", '[ "$2" != wrk ]')
    machine.has("id", "echo 1000")

    done = machine.run()

    assert done.stderr.startswith("Only root can install wrk;")
    assert done.stdout.startswith("make sure ")


def test_ci_fails_where_a_check_fails(machine):
    machine.has("make", "exit 3")

    assert machine.run().returncode == 3

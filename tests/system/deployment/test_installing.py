"""`make` installs what the locks name, whatever has been released since they were written.

An index of three tiny packages, in a folder, stands for the outside world.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.system.server import ROOT

READY = {
    "requirements.txt": ".venv/.run-ready",
    "requirements-dev.txt": ".venv/.dev-ready",
    "requirements-fuzz.txt": ".venv-fuzz/.ready",
}
LOCKED = ["a==1.0", "b==1.0", "c==1.0"]


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    """Each package in the version that is locked, and in one that was released afterwards.

    b needs a with an extra, whose name a lock may have lost; the extra needs c.
    """
    folder = tmp_path_factory.mktemp("index")
    for version in ("1.0", "2.0"):
        wheel(folder, "a", version, "Provides-Extra: x", 'Requires-Dist: c>=1.0; extra == "x"')
        wheel(folder, "b", version, "Requires-Dist: a[x]>=1.0")
        wheel(folder, "c", version)
    return folder


def wheel(folder: Path, name: str, version: str, *metadata: str) -> None:
    info = f"{name}-{version}.dist-info"
    said = [
        "Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata
    ]  # fmt: skip
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        archive.writestr(f"{info}/METADATA", "\n".join(said) + "\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def source(folder: Path, name: str, version: str) -> None:
    setup = b"from setuptools import setup\nsetup()\n"
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        for file, text in {
            "setup.py": setup,
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        }.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{file}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))


def lock(index: Path, requirements: list[str]) -> str:
    lines = []
    for requirement in requirements:
        name, version = requirement.split("==")
        (file,) = index.glob(f"{name}-{version}*")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        lines.append(f"{requirement} --hash=sha256:{digest}\n")
    return "".join(lines)


class Checkout:
    """A folder with our Makefile and locks of the test's own, on a machine without a network."""

    def __init__(self, folder: Path, index: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "Makefile", folder)
        # Neither what this machine's pip is set to, nor what the make around the tests was told.
        theirs = ("PIP_", "MAKE", "MFLAGS")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(theirs)} | {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(index),
        }

    def make(self, *targets: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *targets],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def installed(self, environment: str) -> list[str]:
        done = subprocess.run(
            [self.folder / environment / "bin" / "python", "-m", "pip", "freeze"],
            env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.split()


@pytest.fixture(scope="module")
def environments(index, tmp_path_factory) -> Path:
    """A folder with the environments that `make` makes, before anything is installed."""
    fresh = Checkout(tmp_path_factory.mktemp("fresh"), index)
    done = fresh.make(".venv/bin/python")
    assert done.returncode == 0, done.stderr
    return fresh.folder


@pytest.fixture
def checkout(environments, index, tmp_path) -> Checkout:
    shutil.copytree(environments / ".venv", tmp_path / ".venv", symlinks=True)
    return Checkout(tmp_path, index)


@pytest.mark.parametrize("name", READY)
def test_installs_what_is_locked_whatever_has_been_released_since(checkout, index, name):
    (checkout.folder / name).write_text(lock(index, LOCKED))

    done = checkout.make(READY[name])

    assert done.returncode == 0, done.stderr
    assert checkout.installed(str(Path(READY[name]).parent)) == LOCKED


def test_refuses_a_lock_that_lacks_something(checkout, index):
    (checkout.folder / "requirements.txt").write_text(lock(index, ["b==1.0", "c==1.0"]))

    done = checkout.make(".venv/.run-ready")

    assert done.returncode != 0
    assert "b 1.0 requires a, which is not installed" in done.stderr
    assert "make clean" in done.stderr
    assert not (checkout.folder / ".venv" / ".run-ready").exists()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda locked: locked.replace(":", ":0")[:-2] + "\n", id="another hash"),
        pytest.param(lambda locked: locked.split(" ")[0], id="no hash"),
    ],
)
def test_installs_nothing_without_its_hash(checkout, index, spoil):
    (checkout.folder / "requirements.txt").write_text(spoil(lock(index, ["a==1.0"])))

    assert checkout.make(".venv/.run-ready").returncode != 0
    assert checkout.installed(".venv") == []


def test_builds_nothing(checkout, tmp_path):
    """What a build needs is in no lock, so the newest of it would be taken."""
    source(tmp_path, "d", "1.0")
    checkout.environment["PIP_FIND_LINKS"] = str(tmp_path)
    (checkout.folder / "requirements.txt").write_text(lock(tmp_path, ["d==1.0"]))

    done = checkout.make(".venv/.run-ready")

    assert done.returncode != 0
    assert "No matching distribution found for d==1.0" in done.stderr


def test_leaves_no_half_environment(checkout, tmp_path):
    """As where Debian's python3-venv is missing: the next try would find a python without pip."""
    shutil.rmtree(checkout.folder / ".venv")
    half = tmp_path / "bin" / "python3"
    half.parent.mkdir()
    half.write_text(
        '#!/bin/sh\n[ "$2" = venv ] || exit 0\n'
        'mkdir -p "$3/bin" && touch "$3/bin/python" && echo no ensurepip >&2 && exit 1\n'
    )
    half.chmod(0o755)
    checkout.environment["PATH"] = f"{half.parent}:{os.environ['PATH']}"
    (checkout.folder / "requirements.txt").touch()

    done = checkout.make(".venv/.run-ready")

    assert done.returncode != 0
    assert "no ensurepip" in done.stderr
    assert not (checkout.folder / ".venv").exists()

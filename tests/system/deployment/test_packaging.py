"""`pip install .`: the service as a package, started from a folder where no checkout is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.client import Client
from tests.conventions.locks import wanted
from tests.system.runs import Run
from tests.system.server import ROOT, clean_environment
from ticketing.server.mongod import free_port

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
NO_CACHES = shutil.ignore_patterns("__pycache__")


def done(*command: str | Path, folder: Path) -> str:
    """Run a command that must succeed in a folder; return what it prints."""
    ran = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The package, built from a copy: setuptools writes into the folder that it builds from."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "ticketing", source / "ticketing", ignore=NO_CACHES)
    for file in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE", "requirements.in"):
        shutil.copy(ROOT / file, source)
    done(*PIP, "wheel", "--no-build-isolation", "--no-deps", "-w", "dist", ".", folder=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bin_(wheel, tmp_path_factory) -> Path:
    """The programs of an environment where it is installed; what it needs is lent by this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    lent = folder / "lib" / version / "site-packages" / "lent.pth"
    lent.write_text(sysconfig.get_path("purelib"))
    done(*PIP, "--python", folder, "install", "--no-deps", "--no-index", wheel, folder=folder)
    return folder / "bin"


def test_holds_every_file_of_the_service(wheel):
    files = {f for f in (ROOT / "ticketing").rglob("*") if f.is_file() and f.suffix != ".pyc"}

    packed = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}

    assert packed == {str(f.relative_to(ROOT)) for f in files}


def test_needs_what_the_service_runs_on(bin_, tmp_path):
    program = "import importlib.metadata as m; print(*m.requires('ticketing'), sep='\\n')"
    needs = done(bin_ / "python", "-c", program, folder=tmp_path)

    assert set(map(Requirement, needs.splitlines())) == set(wanted("requirements.in"))
    done(*PIP, "--python", bin_ / "python", "check", folder=tmp_path)


def test_has_a_program_that_lists_its_commands(bin_, tmp_path):
    said = done(bin_ / "ticketing", "--help", folder=tmp_path)

    for command in ("run", "serve", "migrate", "verify", "create-admin", "openapi"):
        assert command in said


def test_serves_from_any_folder(bin_, tmp_path):
    port = free_port()
    with Run(tmp_path / "var", port, program=[str(bin_ / "ticketing")], folder=tmp_path) as run:
        assert Client(port).create()["ticketsAvailable"] == 10
        run.ctrl_c()
    assert run.process.returncode == 0

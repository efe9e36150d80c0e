"""Where something was measured."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """What figures depend on, but for the code."""

    processors: int
    model: str | None
    system: str
    load: float
    python: str
    python_build: str
    mongodb: str
    commit: str | None


def this_machine(mongodb: str) -> Machine:
    """Describe this machine, and the version of MongoDB that is used on it."""
    return Machine(
        processors=len(os.sched_getaffinity(0)),
        model=_model(),
        system=f"{platform.system()} {platform.machine()}",
        load=round(os.getloadavg()[0], 1),
        python=platform.python_version(),
        python_build=python_build(sysconfig.get_config_var("CONFIG_ARGS") or ""),
        mongodb=mongodb,
        commit=_commit(),
    )


def python_build(configured: str) -> str:
    """Tell with which of its optimizations a Python was built, by the arguments of its configure.

    Without PGO the interpreter is slower by a tenth to a third, so figures can't be compared.
    """
    found = [name for name, option in (("PGO", "--enable-optimizations"), ("LTO", "--with-lto"))
             if re.search(rf"{option}(?!=no)(?![\w-])", configured)]  # fmt: skip
    return f"with {' and '.join(found)}" if found else "without PGO or LTO"


def _model() -> str | None:
    told = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", told.read_text(), re.M) if told.exists() else None
    return found[1] if found else None


def _commit() -> str | None:
    """Return the commit of this checkout, with a + where something differs from it."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--exclude=*", "--abbrev=7", "--dirty=+"],
            cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()

"""Every benchmark still runs: those that CI does not run as a whole, with next to nothing to do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet

from bench.document import PAGES
from bench.report.figures import Run
from tests.system.server import ROOT

pytestmark = pytest.mark.system

SMALL = {
    "bench.growth": ["--bookings", "10000", "--rounds", "1", "--seconds", "1"],
    "bench.layers": ["--rounds", "1", "--seconds", "1"],
    "bench.scaling": ["--rounds", "1", "--seconds", "1", "--only", "an event each"],
    "bench.guessing": ["--seconds", "2", "--connections", "8"],
    "bench.far": ["--round-trip", "20", "--connections", "2", "--seconds", "1", "--rounds", "1"],
    "bench.large": ["--bookings", "1000", "--times", "1"],
    "bench.verifying": ["--bookings", "1000"],
    "bench.exporting": ["--bookings", "1000"],
    "bench.micro.metrics": ["--sales", "60"],
    "bench.micro.write_path": [],
    "bench.micro.round_trips": ["--sales", "20"],
    "bench.micro.chain": ["--times", "100"],
}
WRK = {"bench.growth", "bench.layers", "bench.scaling", "bench.far"}
LINES = {"bench.growth": 6, "bench.layers": 6, "bench.scaling": 2, "bench.guessing": 2}


def run(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_wrk(modules: Iterable[str]) -> list[ParameterSet]:
    """Skip those that need wrk where there is none."""
    skip = pytest.mark.skip(reason="wrk is not installed")
    is_there = shutil.which("wrk") is not None
    return [
        pytest.param(module, marks=skip if module in WRK and not is_there else ())
        for module in modules
    ]


@pytest.mark.parametrize("module", with_wrk(LINES))
def test_keeps_figures(tmp_path, module):
    file = tmp_path / "figures.json"

    told = run(module, *SMALL[module], "--json", str(file))

    kept = Run.read(file)
    assert kept.benchmark in PAGES
    assert len(kept.lines) == LINES[module]
    assert all(line.requests > 0 for line in kept.lines)
    assert all(line.name in told for line in kept.lines)
    assert "verify agrees" in kept.books


@pytest.mark.parametrize("module", with_wrk(m for m in SMALL if m not in LINES))
def test_tells_figures(module):
    assert re.search(r"\d", run(module, *SMALL[module]))


def test_none_is_left_out():
    """But for the rush, which CI runs, and those that measure nothing."""
    there = {
        str(file.relative_to(ROOT).with_suffix("")).replace("/", ".")
        for file in (ROOT / "bench").rglob("*.py")
        if '__name__ == "__main__"' in file.read_text()
    }

    assert there - {"bench.rush", "bench.chart", "bench.document"} == set(SMALL)

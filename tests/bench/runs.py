"""A small run to make tables and charts of."""

from __future__ import annotations

from bench.report.figures import Line, Run
from bench.report.machine import Machine

MACHINE = Machine(2, "A <processor>", "Linux x86_64", 0.3, "3.11.7", "with PGO", "6.0.5", "abc1234")

REFUSED = Line("refused", 32, 6000, 2000.0, 16.0, 40.0, 0.9, 0.01)
SALE = Line(
    "sale", 32, 3000, 1000.4, 30.25, 80.5, 1.3, 0.3, commits=200, group=15.0, groups={"16": 200},
    conflicts=2, transactions=202, aborted=2, against="refused", ratio=0.5, wanted=0.65,
)  # fmt: skip
STATUS = Line(
    "status & more", 32, 5700, 1900.0, 16.5, 41.0, 0.9, 0.05,
    against="refused", ratio=0.95, wanted=0.9,
)  # fmt: skip
ALONE = Line("a commit each", 32, 300, 100.0, 300.0, 500.0, against="sale", ratio=0.1)
TILL = Line("beside others", 1, 400, 20.0, 10.0, 41.0, against="sale", by="p99_ms", ratio=0.93)


def a_run(*lines: Line) -> Run:
    return Run(
        "bench",
        "2026-11-29T21:50:00+00:00",
        MACHINE,
        {"rounds": 3, "seconds": 2},
        "3,000 changes acknowledged; verify agrees",
        list(lines or (REFUSED, SALE, STATUS, ALONE, TILL)),
    )

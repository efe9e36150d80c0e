"""What is written down of a benchmark can be read again, and means what its description says."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest

import bench.report
from bench.report.figures import Line, Run
from bench.report.machine import Machine, python_build
from bench.report.tables import markdown, text
from tests.bench.runs import ALONE, SALE, STATUS, TILL, a_run


def test_reads_what_was_written(tmp_path):
    run = a_run()
    run.write(tmp_path / "bench.json")

    assert Run.read(tmp_path / "bench.json") == run


@pytest.mark.parametrize("text", ["[]", "{}", '{"machine": {}, "lines": []}', "no JSON"])
def test_refuses_a_file_of_something_else(tmp_path, text):
    (tmp_path / "bench.json").write_text(text)

    with pytest.raises(ValueError, match="is not from a benchmark of this version"):
        Run.read(tmp_path / "bench.json")


def test_every_field_is_described():
    described = re.findall(r"^ {4,}(\w+) ", bench.report.__doc__ or "", re.MULTILINE)

    there = {field.name for kind in (Run, Machine, Line) for field in fields(kind)}
    assert there - set(described) == set()


def test_a_ratio_is_met_where_it_is_as_large_as_wanted_as_it_is_printed():
    assert [replace(SALE, ratio=ratio).met for ratio in (0.644, 0.646, 0.7)] == [False, True, True]
    assert ALONE.met is None
    assert replace(STATUS, ratio=None).met is None


def test_the_table_says_what_is_met_and_what_is_not():
    told = text(a_run()).splitlines()

    assert told[1].endswith("0.01")
    assert [line.split("  ")[-1].strip() for line in told[2:-1]] == [
        "0.50 refused (wanted 0.65: NOT met)",
        "0.95 refused (wanted 0.9: met)",
        "0.10 sale",
        "0.93 sale, by p99",
    ]
    assert told[-1] == "3,000 changes acknowledged; verify agrees"


def test_the_table_tells_group_sizes_and_what_came_to_nothing():
    (row,) = [line for line in markdown(a_run()).splitlines() if line.startswith("| sale |")]

    assert row == (
        "| sale | 1,000 | 30.2 | 80.5 | 1.30 | 0.30 | 15.0 | 1.0% "
        "| 0.50 refused (wanted 0.65: NOT met) |"
    )


def test_the_table_has_no_column_of_what_was_not_measured():
    head = markdown(a_run(ALONE, TILL)).splitlines()[2]

    assert head == "|  | a second | p50 ms | p99 ms | ratio to |"


def test_the_table_tells_no_transactions_of_what_commits_nothing():
    reads = replace(STATUS, commits=0, transactions=3, aborted=1)

    assert reads.aborted_share is None
    assert replace(reads, commits=2).aborted_share == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("configured", "told"),
    [
        ("'--enable-optimizations' '--with-lto'", "with PGO and LTO"),
        ("--enable-optimizations --with-lto=full", "with PGO and LTO"),
        ("'--enable-optimizations'", "with PGO"),
        ("'--with-lto=no' '--enable-shared'", "without PGO or LTO"),
        ("", "without PGO or LTO"),
    ],
)
def test_tells_how_python_was_built(configured, told):
    assert python_build(configured) == told

"""The mutants are what they say: each change finds its place in the code as it is now."""

from __future__ import annotations

import compileall
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.mutants.builds import CLOCKS, Change, build
from tests.faults.mutants.mutants import MUTANTS
from tests.faults.table import FAULTS, QUICK, REVEALED_BY


@pytest.mark.parametrize("changes", [*MUTANTS.values(), CLOCKS], ids=[*MUTANTS, "clocks"])
def test_builds(changes: Sequence[Change], tmp_path: Path) -> None:
    root = build(tmp_path, changes)

    for change in changes:
        assert compileall.compile_file(root / "ticketing" / change.file, quiet=2)


def test_refuses_a_change_that_finds_no_place(tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        build(tmp_path, [Change("app.py", "no such text", "")])


def test_names_only_what_there_is() -> None:
    assert set(REVEALED_BY) <= set(MUTANTS)
    assert set(REVEALED_BY.values()) | set(QUICK) <= set(FAULTS)

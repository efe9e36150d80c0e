"""The source text of the package and of the tests, read and parsed once for all conventions."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.system.server import ROOT

PACKAGE = ROOT / "ticketing"
TESTS = ROOT / "tests"


@cache
def files(folder: Path) -> tuple[Path, ...]:
    """Every module in a folder and below."""
    return tuple(sorted(folder.rglob("*.py")))


@cache
def text(file: Path) -> str:
    return file.read_text()


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    """All that stands in a file, the whole of it first."""
    return tuple(ast.walk(ast.parse(text(file))))

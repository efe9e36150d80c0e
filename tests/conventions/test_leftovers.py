"""Nothing lies about: no files that tools leave behind, and no code that nothing uses."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterable

import pytest

from tests.conventions.sources import PACKAGE, files, nodes
from tests.system.server import ROOT

# What our tools, and those that people have around them, write into a checkout.
LEFT_BEHIND = [
    ".venv", ".venv-fuzz", ".venv-ci", ".venv-ci-fuzz",
    ".coverage", ".coverage.host.123.456", "htmlcov/index.html",
    ".pytest_cache/v/cache/nodeids", ".mypy_cache/3.11/cache.json", ".ruff_cache/0.17.6/1",
    ".hypothesis/examples/1/2", ".schemathesis/default/cache/crashes/1.json",
    "tests/system/fuzz/.schemathesis/default/cache/crashes/1.json",
    "ticketing/__pycache__/app.cpython-311.pyc", "build/lib/ticketing/app.py",
    "ticketing.egg-info/PKG-INFO", "dist/ticketing-0.1.0-py3-none-any.whl",
    "node_modules/x/index.js", "var/db/WiredTiger", "var/mongod.log", ".env",
    "bench.json", "bench-quick.json", "bench-growth.json",
    "core", "core.123", "mongod.log", ".DS_Store", "ticketing/.app.py.swp", "README.md~",
]  # fmt: skip

# gunicorn reads its settings and hooks by their names.
READ_BY_OTHERS = {"gunicorn_config.py"}


def git(*command: str) -> list[str]:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def test_keeps_nothing_that_tools_leave_behind():
    assert git("ls-files", "--cached", "--ignored", "--exclude-standard") == []


def test_ignores_what_tools_leave_behind():
    assert git("check-ignore", "--no-index", *LEFT_BEHIND) == LEFT_BEHIND


def test_defines_nothing_that_is_not_used():
    """Within the package: what only tests use is not needed either. An export is no use."""
    trees = {file: nodes(file)[0] for file in files(PACKAGE)}
    used = {word for tree in trees.values() for word in mentioned(tree)}
    unused = [
        f"{file.relative_to(ROOT)}: {name}"
        for file, tree in trees.items()
        if file.name not in READ_BY_OTHERS
        for name in defined(tree)
        if name not in used
    ]
    assert unused == []


def mentioned(tree: ast.Module) -> Iterable[str]:
    """The names that are read, in the code or in a text that leads to them."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and "__all__" in defined_by(statement):
            continue
        for node in ast.walk(statement):
            match node:
                case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                    yield name
                case ast.Constant(value=str(text)) if " " not in text:
                    yield from re.findall(r"\w+", text)


def defined(tree: ast.Module) -> Iterable[str]:
    """The names of a module; those with a decorator are used by it, dunders by Python."""
    for statement in tree.body:
        yield from (name for name in defined_by(statement) if not name.startswith("__"))


def defined_by(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name, decorator_list=[]) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []

"""Docstrings are plain imperatives, and the words are the field's."""

from __future__ import annotations

import ast
import builtins
import re

from tests.conventions.sources import PACKAGE, files, nodes, text
from tests.system.server import ROOT

# Where Return, Require, Raise, Record or Wrap is meant.
ROUNDABOUT = re.compile(r"(Tell|Say|Have|Let|Put|Write .* down)\b")

# What the field calls otherwise: batch, queue, advisory lock, remaining work, operation.
PRIVATE = re.compile(
    r"\b(lanes?|batons?|turnstile|left over|carry on|the office|wish(es)?)\b", re.I
)

# The errors that a docstring says are raised: "Raises Busy, Stale" or "Raise NotAllowed where".
RAISED = re.compile(r"[Rr]aises?\s+([A-Z]\w+(?:(?:,\s+and|,|\s+and|\s+or)\s+[A-Z]\w+)*)")


def is_route(node: ast.FunctionDef) -> bool:
    """The docstring of a route is its summary in the OpenAPI document."""
    return any("blp." in ast.unparse(decorator) for decorator in node.decorator_list)


def test_every_docstring_says_plainly_what_is_done():
    roundabout = [
        (str(file.relative_to(PACKAGE)), node.name, said)
        for file in files(PACKAGE)
        for node in nodes(file)
        if isinstance(node, ast.FunctionDef) and not is_route(node)
        if (said := ast.get_docstring(node)) and ROUNDABOUT.match(said)
    ]
    assert roundabout == []


def test_every_error_that_a_docstring_names_is_there():
    known = {word for file in files(PACKAGE) for node in nodes(file) for word in spelled(node)}
    missing = [
        (str(file.relative_to(PACKAGE)), node.name, error)
        for file in files(PACKAGE)
        for node in nodes(file)
        if isinstance(node, ast.FunctionDef)
        for listed in RAISED.findall(ast.get_docstring(node) or "")
        for error in re.findall(r"[A-Z]\w+", listed)
        if error not in known and not hasattr(builtins, error)
    ]
    assert missing == []


def spelled(node):
    """What a piece of code names: a class, a variable, an attribute."""
    return {getattr(node, kind) for kind in ("name", "id", "attr") if hasattr(node, kind)}


def prose(file):
    """The comments and docstrings of a file."""
    for node in nodes(file):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""
    yield from re.findall(r"# (.*)", text(file))


def test_speaks_the_fields_words():
    private = [
        (str(file.relative_to(PACKAGE)), found[0])
        for file in files(PACKAGE)
        for said in prose(file)
        if (found := PRIVATE.search(said))
    ]
    assert private == []


def test_the_docs_speak_them_too():
    found = {
        (page.name, word[0])
        for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
        for word in PRIVATE.finditer(page.read_text())
    }
    assert found == set()

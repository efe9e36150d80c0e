"""No two functions of the write path share a name: who looks for one finds it and no other."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.conventions.sources import PACKAGE, files, nodes

WRITE_PATH = [
    PACKAGE / "api" / "http" / "execute.py",
    *(
        file
        for folder in ("services/writes", "storage/writes", "domain/commands", "domain/changes")
        for file in files(PACKAGE / folder)
    ),
]

# What is one thing in several places, and why.
ONE_THING = {
    "reads": "each command's",
    "apply": "each command's",
    "with_head": "of what each command comes to",
    "assigned_count": "of what each command comes to",
    "publish": "the protocol of publications, and who keeps it",
    "take_published": "the protocol of publications, and who keeps it",
    "reply": "the protocol of publications, and who keeps it",
    "await_reply": "the protocol of publications, and who keeps it",
    "replies": "the protocol of publications, and who keeps it",
    "taken_unlocked": "the protocol of publications, and who keeps it",
    "scope": "whose key, of a request's and of a stored one",
    "execute": "the handler's, and what a view calls, which has it done for its request",
    "execute_on_booking": "the handler's, and what a view calls, which has it done for its request",
}


def shared(sources: Iterable[Path]) -> Mapping[str, list[str]]:
    """The files of each name that several functions have; an underscore makes no other name."""
    having = defaultdict(list)
    for file in sources:
        for node in nodes(file):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
                having[node.name.lstrip("_")].append(file.name)
    return {name: of for name, of in having.items() if len(of) > 1}


def test_no_two_functions_of_the_write_path_share_a_name():
    assert {name: of for name, of in shared(WRITE_PATH).items() if name not in ONE_THING} == {}


def test_every_name_that_may_be_shared_is():
    assert shared(WRITE_PATH).keys() == ONE_THING.keys()


def test_finds_names_that_are_shared(tmp_path):
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("def take(): ...\n\nclass A:\n    def __init__(self): ...\n")
    other.write_text("class B:\n    def __init__(self): ...\n\n    def _take(self): ...\n")

    assert shared([one, other]) == {"take": ["one.py", "other.py"]}

"""A command is known wherever it has to be."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

import ticketing
from tests.builders import ADA, a_new_event, an_event, decided
from ticketing.domain import commands
from ticketing.domain.commands import (
    Book,
    CallOff,
    Cancel,
    CancelFor,
    CarryOn,
    Change,
    Command,
    Delete,
    Reduce,
    Return,
    Sell,
    Transfer,
)
from ticketing.domain.facts import depth_for, named_by

EACH = [
    a_new_event(), Change({"name": "Ball"}), Delete(), CallOff(), CarryOn(), Sell("s", 1),
    Return("s"), Book("b", ADA, 1), Cancel("b"), CancelFor(ADA), Reduce("b", 1), Transfer("b", ADA),
]  # fmt: skip


class Forgotten:
    """A command that nobody knows."""


def test_takes_every_command_there_is():
    assert {type(command) for command in EACH} == set(get_args(Command))
    for command in EACH:
        assert named_by([command])
        assert depth_for(an_event(), [command], {})
        assert len(decided(an_event(), command).outcomes) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda command: named_by([command]),
        lambda command: depth_for(an_event(), [command], {}),
        lambda command: decided(an_event(), command),
    ],
)
def test_passes_over_no_command_that_it_does_not_know(ask):
    with pytest.raises(AssertionError, match="Forgotten"):
        ask(Forgotten())


def knows_transfers(file):
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == commands.__name__
        and "Transfer" in {alias.name for alias in node.names}
        for node in ast.walk(ast.parse(file.read_text()))
    )


def test_the_recipe_for_a_new_command_names_every_place_that_knows_one():
    """Those that know `Transfer` are those that would have to know a new one."""
    package = Path(ticketing.__file__).parent
    knowing = {
        ".".join(file.relative_to(package.parent).with_suffix("").parts)
        for file in package.rglob("*.py")
        if knows_transfers(file)
    }
    recipe = re.findall(r"`(ticketing\.[\w.]+)`", commands.__doc__ or "")

    assert knowing
    for module in knowing:
        assert any(module == named or module.startswith(f"{named}.") for named in recipe), module

"""A command is one thing: whatever lacks a part of it can't be made."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ticketing
from tests.domain.builders import ADA, NOW, a_new_event, a_sale, an_event, decided
from ticketing.domain.commands import command, transfers
from ticketing.domain.commands.bookings import Book, Cancel, CancelFor, Resize
from ticketing.domain.commands.command import Command, Resume
from ticketing.domain.commands.events import CallOff, Change, Delete
from ticketing.domain.commands.moves import Arrive, Leave
from ticketing.domain.commands.sales import Return, Sell
from ticketing.domain.commands.transfers import Accept, Offer, Transfer, Withdraw

EACH = [
    a_new_event(), Change({"name": "Ball"}), Delete(), CallOff(), Resume(), Sell("s", 1),
    Return("s"), Book("b", ADA, 1), Cancel("b"), CancelFor(ADA), Resize("b", 1), Transfer("b", ADA),
    Offer("b", "code", NOW), Withdraw("b"), Accept("b", "code", ADA),
    Leave("b"), Arrive(a_sale(customer=ADA)),
]  # fmt: skip


def test_knows_what_every_command_reads_and_does():
    # A dataclass with slots is made twice, and the first of the two stays in the list.
    assert {kind.__name__ for kind in Command.__subclasses__()} == {
        type(one).__name__ for one in EACH
    }
    for one in EACH:
        assert one.reads().commands == 1
        assert len(decided(an_event(), one).outcomes) == 1


@pytest.mark.parametrize("part", ["reads", "apply"])
def test_makes_no_command_that_lacks_a_part(part):
    has = {"reads": Sell.reads, "apply": Sell.apply}
    del has[part]
    # By `type`, since mypy refuses the plain spelling.
    lacking = type("Lacking", (Command,), has)

    try:
        with pytest.raises(TypeError, match=part):
            lacking()
    finally:
        del lacking


def knows_transfers(file):
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == transfers.__name__
        and "Transfer" in {alias.name for alias in node.names}
        for node in ast.walk(ast.parse(file.read_text()))
    )


def test_the_recipe_for_a_new_command_names_every_place_that_knows_one():
    """Those that know `Transfer` are those that would have to know a new one."""
    package = Path(ticketing.__file__).parent
    knowing = {
        ".".join(file.relative_to(package.parent).with_suffix("").parts)
        for file in package.rglob("*.py")
        # The made-up year of the demo need not show everything.
        if knows_transfers(file) and file.stem != "demo"
    }
    recipe = re.findall(r"`(ticketing\.[\w.]+)`", command.__doc__ or "")

    assert knowing
    for module in knowing:
        assert any(module == named or module.startswith(f"{named}.") for named in recipe), module

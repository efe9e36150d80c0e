"""The page on the command names what there is."""

from __future__ import annotations

import re

import click

from tests.system.server import ROOT
from ticketing.command.exchange.formats import FORMATS
from ticketing.command.main import COMMANDS, group
from ticketing.services.imports import MOST

PAGE = (ROOT / "docs" / "command.md").read_text()


def walk(group, path=("ticketing",)):
    """Every command that does something, with the words by which it is asked for."""
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from walk(command, (*path, command.name))
        else:
            yield " ".join((*path, command.name)), command


def test_has_a_line_for_every_command_and_for_no_other():
    told = re.findall(r"^\| `(ticketing[^`]*)` \|", PAGE, re.MULTILINE)
    there = dict(walk(group))

    assert len(there) == len(told) > len(COMMANDS)
    for line in told:
        (name,) = [name for name in there if f"{line} ".startswith(f"{name} ")]
        arguments = [p for p in there[name].params if isinstance(p, click.Argument)]
        assert len(re.findall(r"\b[A-Z]{2,}\b", line)) == len(arguments), line


def test_names_no_option_that_there_is_not():
    there = {
        option
        for _, command in walk(group)
        for p in command.params
        for option in (*p.opts, *p.secondary_opts)
    }

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", PAGE)) - there == {"--version", "--help"}


def test_tells_the_formats_and_the_bounds_that_there_are():
    assert set(FORMATS) == {"csv", "ndjson"}
    assert f"{MOST:,} events at most" in PAGE

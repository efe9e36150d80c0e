"""`import`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from marshmallow import RAISE, ValidationError

from ticketing.api.schemas import EVENT, NEW_EVENT
from ticketing.command.database import caller, data_option, to_change, to_read
from ticketing.command.endings import FAILED, faults
from ticketing.command.exchange.formats import FORMATS, BadLine, Format, read
from ticketing.command.terminal.progress import Progress
from ticketing.domain.commands.events import Create
from ticketing.domain.errors import DateTaken, DomainError
from ticketing.services.imports import MOST, create_all
from ticketing.storage import events
from ticketing.storage.driver.clients import Database

_ASKED = {field.data_key or name for name, field in NEW_EVENT.fields.items()}

# An export has null where nothing was said.
_OPTIONAL = {f.data_key or name for name, f in NEW_EVENT.fields.items() if not f.required}

# An export has them, and a new event has not.
_SHOWN = {field.data_key or name for name, field in EVENT.fields.items()} - _ASKED


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    event: Create


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="By the file's name, if not said."
)
@click.option("--dry-run", is_flag=True, help="Look at every line, and change nothing.")
@data_option
def import_(file: Path, format_: Format | None, data: Path, *, dry_run: bool) -> int:
    """Add the events of a file: all of them, or none.

    They are added in one commit, so nothing can break it in the middle.

    Columns: name, date, capacity, costPerTicket and, if you like, venue. Those that an export has
    beside these are left out, since what was sold is not brought in.
    """
    format_ = format_ or ("ndjson" if file.suffix in (".ndjson", ".jsonl") else "csv")
    lines, bad = _looked_at(format_, file)
    if dry_run:
        with to_read(data) as db:
            bad += _taken(db, lines)
        return _named(bad) or _said(f"{_count(lines)} could be added; nothing was.")
    if bad:
        return _named(bad)
    with to_change(data) as db:
        outcomes = create_all(db, [line.event for line in lines], caller())
    return _named(_refused(lines, outcomes)) or _said(f"{_count(lines)} added.")


def _looked_at(format_: Format, file: Path) -> tuple[list[_Line], list[BadLine]]:
    """Return what a file's lines ask for, and which of them can't be had."""
    lines: list[_Line] = []
    bad: list[BadLine] = []
    days: dict[object, int] = {}
    with Progress() as progress:
        try:
            for number, row in read(format_, file):
                progress.tell(f"{number:,} lines")
                found = row if isinstance(row, BadLine) else _event(number, row)
                if isinstance(found, BadLine):
                    bad.append(found)
                elif (first := days.setdefault(found.event.day, number)) != number:
                    bad.append(BadLine(number, f"date: the day is taken by line {first}."))
                elif len(lines) == MOST:
                    bad.append(BadLine(number, f"At most {MOST} events go into one commit."))
                    break
                else:
                    lines.append(found)
        except BadLine as end:
            bad.append(BadLine(end.number, f"{end} Nothing behind it was looked at."))
    if not lines and not bad:
        bad.append(BadLine(1, "There is no event in the file."))
    return lines, bad


def _event(number: int, row: Mapping[str, object]) -> _Line | BadLine:
    if row.get("status", "scheduled") != "scheduled":
        return BadLine(number, "status: an event that was called off can't be added.")
    asked = {
        name: value
        for name, value in row.items()
        if name not in _SHOWN and not (value is None and name in _OPTIONAL)
    }
    try:
        return _Line(number, NEW_EVENT.load(asked, unknown=RAISE))
    except ValidationError as error:
        return BadLine(number, faults(error.messages_dict))


def _taken(db: Database, lines: Sequence[_Line]) -> list[BadLine]:
    days = [line.event.day for line in lines if line.event.day]
    with db.client.start_session() as session:
        taken = events.days_taken(db, days, but_by="", session=session)
    return [
        BadLine(line.number, f"date: {DateTaken()}") for line in lines if line.event.day in taken
    ]


def _refused(lines: Iterable[_Line], outcomes: Iterable[object]) -> list[BadLine]:
    return [
        BadLine(line.number, str(outcome))
        for line, outcome in zip(lines, outcomes, strict=True)
        if isinstance(outcome, DomainError)
    ]


def _named(bad: Sequence[BadLine]) -> int:
    """Name every bad line; return with what that ends."""
    if not bad:
        return 0
    for line in sorted(bad, key=lambda line: line.number):
        click.echo(f"line {line.number}: {line}", err=True)
    click.echo(f"Bad lines: {len(bad)}. Nothing was added.", err=True)
    return FAILED


def _said(text: str) -> int:
    click.echo(text)
    return 0


def _count(lines: Sequence[_Line]) -> str:
    return f"{len(lines)} event{'' if len(lines) == 1 else 's'}"

"""`verify`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from pymongo.errors import PyMongoError

from ticketing.command import checkpoints
from ticketing.command.checkpoints import Checkpoint, UnusableFile
from ticketing.command.database import data_option
from ticketing.command.endings import unanswered
from ticketing.command.terminal.progress import Progress
from ticketing.domain.errors import DomainError
from ticketing.domain.verification.heads import NotedHead
from ticketing.server import logs, running
from ticketing.server.running import CannotStart, NothingThere
from ticketing.services.verification import Position, Reading, differences_of_heads
from ticketing.services.verification import verify as differences
from ticketing.storage import events
from ticketing.storage.driver.clients import Database

# What it ends with; whoever runs it by a clock has to tell these apart.
AGREES, DIFFERS, COULD_NOT_LOOK, NOTHING_THERE = 0, 1, 2, 3


@click.command()
@data_option
@click.option("--event", help="Only the event with this id.")
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Go on where a verification with the same file was interrupted. It begins where there is "
    "no such file, notes in it how far it has come, and removes it at the end.",
)
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="EVENT:SEQUENCE:HASH",
    help="Compare the head that a receipt named with what is stored; as often as you like.",
)
@click.option(
    "--heads",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="The same for all of a file, one a line; - for standard input.",
)
def verify(
    data: Path,
    event: str | None,
    resume: Path | None,
    heads: tuple[str, ...],
    file: Path | None,
) -> int:
    """Prove that counters, bookings and audit agree.

    What differs is printed, and how much was read. Ends with 0 where all agrees, with 1 where
    something differs, with 2 where it could not look, which is neither right nor wrong, and with 3
    where there was nothing to look at.
    """
    if event and resume:
        raise click.UsageError("--resume is for all events, not for one.")
    noted = [_noted("--head", text) for text in heads]
    if file:
        noted += _heads_in(file)
    if event and any(each.event != event for each in noted):
        raise click.UsageError("A head is of another event than --event: leave --event out.")
    # What the log would name is among what is printed.
    logs.configure("critical")
    try:
        return _verify(data, event, resume, noted)
    except NothingThere as reason:
        click.echo(reason, file=sys.stderr)
        return NOTHING_THERE
    except (CannotStart, DomainError, UnusableFile) as reason:
        click.echo(reason, file=sys.stderr)
    except PyMongoError as error:
        click.echo(unanswered(error), file=sys.stderr)
    except sqlite3.Error as error:
        click.echo(f"The folder for temporary files can't be used: {error}.", file=sys.stderr)
    return COULD_NOT_LOOK


def _verify(data: Path, event: str | None, resume: Path | None, noted: Sequence[NotedHead]) -> int:
    with running.database(data, make=False) as db, Progress() as progress:
        begin = _begin(db, resume)
        found, not_as_noted = begin.differences, 0

        def reached(position: Position) -> None:
            if resume:
                now = replace(
                    begin,
                    position=position,
                    events=reading.events,
                    entries=reading.entries,
                    unchained=reading.unchained,
                    differences=found,
                )
                checkpoints.save(resume, now)

        reading = Reading(
            begin.events,
            begin.entries,
            unchained=begin.unchained,
            progressed=lambda reading: progress.tell(f"Read {reading}"),
            reached=reached,
        )
        with _resumable(resume):
            for id_, difference in differences(db, event, reading, begin=begin.position):
                progress.clear()
                click.echo(f"event {id_}: {difference}" if id_ else f"database: {difference}")
                found += 1
            for id_, difference in differences_of_heads(db, noted):
                progress.clear()
                click.echo(f"event {id_}: {difference}")
                not_as_noted += 1
    if resume:
        resume.unlink(missing_ok=True)
    found += not_as_noted
    if reading.is_empty and not not_as_noted and (event or not found):
        what = f"no event {event}" if event else "no event and no audit entry"
        click.echo(f"There is {what} in {running.described(data)}.", file=sys.stderr)
        return NOTHING_THERE
    if noted:
        click.echo(f"Heads that were noted: {len(noted)}, not as noted: {not_as_noted}.")
    click.echo(f"Read {reading}: {_summed_up(found)}.")
    return DIFFERS if found else AGREES


def _heads_in(file: Path) -> Iterator[NotedHead]:
    """Return the heads of a file; raises UsageError that names the line which is none."""
    with click.open_file(str(file), encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _noted(f"{file}, line {number}", line.strip())


def _noted(where: str, text: str) -> NotedHead:
    try:
        return NotedHead.parse(text)
    except ValueError as fault:
        raise click.UsageError(f"{where}: {fault}.") from None


def _begin(db: Database, resume: Path | None) -> Checkpoint:
    """Return where to begin: at the beginning, or where it was interrupted; raises UnusableFile."""
    if resume is None:
        return Checkpoint("")
    begin = checkpoints.load(resume, events.collection_id(db))
    checkpoints.save(resume, begin)
    if begin.is_begun:
        read = Reading(begin.events, begin.entries, unchained=begin.unchained)
        click.echo(
            f"Skipped what was verified before: {read}, {_summed_up(begin.differences)}.",
            file=sys.stderr,
        )
    return begin


@contextmanager
def _resumable(resume: Path | None) -> Iterator[None]:
    """Name the way to go on, should it be interrupted."""
    try:
        yield
    except (PyMongoError, DomainError, sqlite3.Error, KeyboardInterrupt):
        if resume:
            click.echo(f"The same command goes on from what {resume} says.", file=sys.stderr)
        raise


def _summed_up(found: int) -> str:
    return f"differences: {found}" if found else "all agree"

"""`verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pymongo.errors import PyMongoError

from ticketing.command.database import data_option
from ticketing.command.endings import unanswered
from ticketing.command.terminal.progress import Progress
from ticketing.domain.errors import DomainError
from ticketing.server import logs, running
from ticketing.server.running import CannotStart
from ticketing.services.verification import Reading
from ticketing.services.verification import verify as differences

# What it ends with; whoever runs it by a clock has to tell these apart.
AGREES, DIFFERS, COULD_NOT_LOOK = 0, 1, 2


@click.command()
@data_option
@click.option("--event", help="Only the event with this id.")
def verify(data: Path, event: str | None) -> int:
    """Prove that counters, bookings and audit agree.

    What differs is printed, and how much was read. Ends with 0 where all agrees, with 1 where
    something differs, and with 2 where it could not look: that is neither right nor wrong.
    """
    # What the log would name is among what is printed.
    logs.configure("critical")
    try:
        return _verify(data, event)
    except (CannotStart, DomainError) as reason:
        click.echo(reason, file=sys.stderr)
    except PyMongoError as error:
        click.echo(unanswered(error), file=sys.stderr)
    return COULD_NOT_LOOK


def _verify(data: Path, event: str | None) -> int:
    found = 0
    with running.database(data, make=False) as db, Progress() as progress:
        reading = Reading(told=lambda reading: progress.tell(f"Read {reading}"))
        for id_, difference in differences(db, event, reading):
            progress.clear()
            click.echo(f"event {id_}: {difference}" if id_ else f"database: {difference}")
            found += 1
    if reading.is_empty and (event or not found):
        what = f"no event {event}" if event else "no event and no audit entry"
        click.echo(f"There is {what} in {running.described(data)}.", file=sys.stderr)
        return COULD_NOT_LOOK
    click.echo(f"Read {reading}: {f'differences: {found}' if found else 'all agree'}.")
    return DIFFERS if found else AGREES

"""The database that a command works on: the one of the settings, or that of `ticketing run`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast
from uuid import uuid4

import click

from ticketing.app import command_handler
from ticketing.domain.commands.command import Command
from ticketing.domain.errors import DomainError
from ticketing.domain.identity.caller import Caller
from ticketing.server import running
from ticketing.server.running import CannotStart
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver import fitness
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.units_of_work import utc_now

ResultT = TypeVar("ResultT")
CommandT = TypeVar("CommandT", bound=Callable[..., object])

# Who asks, as the audit names them.
ACTOR = "command line"


def data_option(command: CommandT) -> CommandT:
    """Add the option that says where the database is, for where no setting does."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path),
        default=Path("var"),
        show_default=True,
        help="The folder of the MongoDB of `ticketing run`, where TICKETING_MONGODB_URI is not "
        "set.",
    )(command)


@contextmanager
def to_read(data: Path) -> Iterator[Database]:
    """Return a database that is there and not a newer version's; raises CannotStart."""
    with running.database(data, make=False) as db:
        if newer := fitness.look(db).newer:
            raise CannotStart(newer)
        yield db


@contextmanager
def to_change(data: Path, *, make: bool = True) -> Iterator[Database]:
    """Return a database that is up to date; raises CannotStart.

    One that is not there is made, unless told otherwise: what is changed first may come before the
    first server.
    """
    with running.database(data, make=make) as db:
        running.bring_up_to_date(db)
        yield db


def handler_of(db: Database) -> CommandHandler:
    """Return what executes commands, as the server's does."""
    return command_handler(running.settings_for_trying_out(), db.client, db, utc_now)


def executed(db: Database, command: Command[ResultT], *, on: str) -> ResultT:
    """Return what a command on an event came to; raises what it was refused with."""
    outcome = handler_of(db).execute(command, on=on, caller=caller()).outcome
    if isinstance(outcome, DomainError):
        raise outcome
    return cast(ResultT, outcome)


def caller() -> Caller:
    """Return whoever types, as the audit names them."""
    return Caller(ACTOR, uuid4().hex)

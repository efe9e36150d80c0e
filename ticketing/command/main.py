"""The command line: what there is, and how it ends."""

from __future__ import annotations

import sys

import click
from pymongo.errors import PyMongoError

import ticketing
from ticketing.command.accounts.create_admin import create_admin
from ticketing.command.accounts.reset_second_factor import reset_second_factor
from ticketing.command.accounts.users import users
from ticketing.command.demo import demo
from ticketing.command.endings import FAILED, STOPPED, WRONGLY_ASKED, sentence, unanswered
from ticketing.command.exchange.exports import export
from ticketing.command.exchange.imports import import_
from ticketing.command.migrate import migrate
from ticketing.command.notify import notify
from ticketing.command.openapi import openapi
from ticketing.command.selling.events import events
from ticketing.command.selling.sell import sell
from ticketing.command.selling.stats import stats
from ticketing.command.serving import run, serve
from ticketing.command.verify import verify
from ticketing.domain.errors import DomainError
from ticketing.server import logs
from ticketing.server.running import CannotStart
from ticketing.storage.driver.clients import UnavailableDatabase, UnsupportedDatabase

COMMANDS = (
    run,
    serve,
    migrate,
    verify,
    create_admin,
    reset_second_factor,
    users,
    events,
    sell,
    stats,
    export,
    import_,
    notify,
    demo,
    openapi,
)


@click.group(
    name="ticketing",
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(ticketing.__version__, message="%(prog)s %(version)s")
def group() -> None:
    """Run a ticket office, and look after it."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code. What goes wrong is one sentence."""
    # What a command prints is its answer; the log goes elsewhere. The server sets up its own.
    logs.configure("warning")
    try:
        code = group.main(args=arguments, prog_name="ticketing", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_:
        help_.show()
        return WRONGLY_ASKED
    except click.UsageError as error:
        # Two lines more than the sentence: how it is asked, and where to read on.
        error.show()
        return WRONGLY_ASKED
    except click.ClickException as error:
        return _said(error.format_message())
    except (click.Abort, KeyboardInterrupt, EOFError):
        _said("Stopped: nothing has been done.")
        return STOPPED
    except (CannotStart, UnsupportedDatabase, UnavailableDatabase) as reason:
        return _said(str(reason))
    except DomainError as refusal:
        return _said(sentence(refusal))
    except PyMongoError as error:
        return _said(unanswered(error))
    return code if isinstance(code, int) else 0


def _said(text: str) -> int:
    click.echo(text, file=sys.stderr)
    return FAILED

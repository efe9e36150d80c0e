"""`create-admin`."""

from __future__ import annotations

from pathlib import Path

import click

from ticketing.command.accounts.new_users import add
from ticketing.command.database import ACTOR, data_option
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role
from ticketing.server import running
from ticketing.server.running import CannotStart


@click.command("create-admin")
@click.argument("email")
@data_option
def create_admin(email: str, data: Path) -> None:
    """Make an administrator; the password is asked for.

    In a new folder as well: this comes before the first `ticketing run`.
    """
    if not email:
        raise CannotStart("Whose? Say EMAIL=you@example.org.")
    user = add(data, email, Role.ADMIN, Caller(ACTOR, "create-admin"), what="an administrator")
    click.echo(f"{user.email} is an administrator now, in {running.described(data)}.")

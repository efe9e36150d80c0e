"""`reset-second-factor`."""

from __future__ import annotations

from pathlib import Path

import click

from ticketing.command.database import ACTOR, data_option, to_change
from ticketing.domain.identity.caller import Caller
from ticketing.server import running
from ticketing.server.running import CannotStart
from ticketing.services.signing_in import second_factor
from ticketing.storage.accounts.users import find_by_email
from ticketing.storage.driver.units_of_work import utc_now


@click.command("reset-second-factor")
@click.argument("email")
@data_option
def reset_second_factor(email: str, data: Path) -> None:
    """Take away the second factor of somebody who has lost it.

    A password is enough again, and they are signed out everywhere.
    """
    with to_change(data, make=False) as db:
        user = find_by_email(db, email)
        if user is None:
            raise CannotStart(f"Nobody has an account as {email} in {running.described(data)}.")
        if not user.second_factor:
            raise CannotStart(f"{user.email} has no second factor.")
        second_factor.reset(db, user.id, Caller(ACTOR, "reset-second-factor"), utc_now())
    click.echo(f"{user.email} signs in with a password alone, and is signed out everywhere now.")

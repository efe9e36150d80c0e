"""`users`: who can sign in."""

from __future__ import annotations

from pathlib import Path

import click
from marshmallow import ValidationError

from ticketing.api.schemas import USER, USER_CHANGE
from ticketing.command.accounts.new_users import add as add_user
from ticketing.command.database import caller, data_option, handler_of, to_change, to_read
from ticketing.command.endings import faults
from ticketing.command.exchange.walks import by_time
from ticketing.command.terminal import tables
from ticketing.domain.errors import UserNotFound
from ticketing.domain.identity.users import ROLES, role_of
from ticketing.server.running import CannotStart
from ticketing.services.accounts import users as people
from ticketing.services.signing_in.passwords import Passwords
from ticketing.storage.accounts import users as accounts
from ticketing.storage.driver.units_of_work import utc_now

_COLUMNS = {
    "email": "address",
    "role": "role",
    "active": "active",
    "verified": "verified",
    "createdAt": "since",
    "id": "id",
}


@click.group()
def users() -> None:
    """List, add and change who can sign in."""


@users.command("list")
@data_option
def list_(data: Path) -> None:
    """List all users in the order in which they registered."""
    with to_read(data) as db:
        found = by_time(lambda place, limit: accounts.page(db, place, limit), accounts.row_of)
        tables.show([USER.dump(user) for page in found for user in page], _COLUMNS)


@users.command()
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="staff", show_default=True)
@data_option
def add(email: str, role: str, data: Path) -> None:
    """Add a user who is known to you; the password is asked for."""
    user = add_user(data, email, role_of(role), caller(), what="a user")
    click.echo(f"{user.email} can sign in now, as {role}.")


@users.command()
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), help="What they may do.")
@click.option("--active/--inactive", default=None, help="Whether they may sign in.")
@click.option("--verified", is_flag=True, default=None, help="The address is known to be theirs.")
@data_option
def change(email: str, data: Path, **wanted: str | bool | None) -> None:
    """Change a user. Who is made inactive leaves the waiting lists for good."""
    try:
        update = USER_CHANGE.load(
            {name: value for name, value in wanted.items() if value is not None}
        )
    except ValidationError as error:
        raise CannotStart(faults(error.messages_dict).removeprefix("_schema: ")) from None
    with to_change(data) as db:
        user = accounts.find_by_email(db, email)
        if user is None:
            raise UserNotFound
        changed = people.change(
            db, handler_of(db), Passwords(), user.id, update, caller(), utc_now()
        )
        tables.show([USER.dump(changed)], _COLUMNS)

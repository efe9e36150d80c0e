"""A new account, as `create-admin` and `users add` make one."""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path

from marshmallow import ValidationError

from ticketing.api.schemas import NEW_USER
from ticketing.command.database import to_change
from ticketing.command.endings import faults
from ticketing.domain.errors import EmailTaken, UnusablePassword
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role, User
from ticketing.server.running import CannotStart
from ticketing.services.accounts.users import register
from ticketing.services.signing_in.passwords import Passwords
from ticketing.storage.driver.units_of_work import utc_now


def add(data: Path, email: str, role: Role, caller: Caller, *, what: str) -> User:
    """Ask for a password and add a user; raises CannotStart with what stands against it.

    `what` they would have been, in words. Nobody is asked for a password in vain: the address is
    looked at first.
    """
    try:
        if wrong := NEW_USER.validate({"email": email}, partial=("password",)):
            raise ValidationError(wrong)
        asked = NEW_USER.load({"email": email, "password": _asked_password(what)})
        with to_change(data) as db:
            return register(
                db, Passwords(), asked.email, asked.password, utc_now(), role, caller=caller
            )
    except ValidationError as error:
        raise CannotStart(f"That can't be {what}: {faults(error.messages_dict)}") from None
    except UnusablePassword as fault:
        raise CannotStart(f"That can't be {what}: password: {fault.fault}") from None
    except EmailTaken as fault:
        raise CannotStart(str(fault)) from None


def _asked_password(what: str) -> str:
    """Ask twice on a terminal, where nobody sees what they type; else read a line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass("Password: ")
    if getpass("The same again: ") != password:
        raise CannotStart(f"The two passwords differ: nobody is {what} by that.")
    return password

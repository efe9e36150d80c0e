"""`python -m ticketing`: run, serve, migrate, verify, create-admin, and others."""

from __future__ import annotations

import argparse
import os
import sys
from getpass import getpass
from pathlib import Path

from marshmallow import ValidationError
from pymongo.errors import PyMongoError

from ticketing import config
from ticketing.api.schemas import NEW_USER
from ticketing.app import create_app
from ticketing.domain.errors import EmailTaken, UnusablePassword
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role
from ticketing.server import logs, running
from ticketing.server.running import CannotStart
from ticketing.services import demo, second_factor
from ticketing.services.accounts.passwords import Passwords
from ticketing.services.accounts.users import register
from ticketing.services.verification import Reading, verify
from ticketing.storage import events
from ticketing.storage.accounts.users import find_by_email
from ticketing.storage.driver.units_of_work import utc_now

# Who makes the first administrator, as the audit names them.
BY_HAND = Caller("command line", "create-admin")
RESET = Caller("command line", "reset-second-factor")

# What `verify` ends with; whoever runs it by a clock has to tell these apart.
AGREES, DIFFERS, COULD_NOT_LOOK = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; what goes wrong is one sentence."""
    asked = _parser().parse_args(arguments)
    # What a command prints is its answer; the log goes elsewhere. The server sets up its own.
    logs.configure("warning")
    try:
        if asked.command == "run":
            return running.run(asked.data)
        if asked.command == "serve":
            return running.serve()
        if asked.command == "create-admin":
            return _create_admin(asked.data, asked.email)
        if asked.command == "reset-second-factor":
            return _reset_second_factor(asked.data, asked.email)
        if asked.command == "verify":
            return _verify(asked.data, asked.event)
        if asked.command == "demo":
            return _demo(asked.data)
        return _migrate() if asked.command == "migrate" else _openapi()
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print("\nStopped: nothing has been done.", file=sys.stderr)
        return 130


def _migrate() -> int:
    done = running.prepare(running.load_settings())
    print("\n".join(f"done: {name}" for name in done) or "Nothing to migrate.")
    return 0


def _create_admin(data: Path, email: str) -> int:
    """Create an administrator, in a new folder as well: this comes before the first `make run`."""
    try:
        if not email:
            raise CannotStart("Whose? Say EMAIL=you@example.org.")
        if faults := NEW_USER.validate({"email": email}, partial=("password",)):
            raise ValidationError(faults)
        wish = NEW_USER.load({"email": email, "password": _asked_password()})
        with running.database(data) as db:
            running.bring_up_to_date(db)
            user = register(
                db, Passwords(), wish.email, wish.password, utc_now(), Role.ADMIN, caller=BY_HAND
            )
    except ValidationError as error:
        said = "; ".join(
            f"{name}: {' '.join(texts)}" for name, texts in error.messages_dict.items()
        )
        raise CannotStart(f"That can't be an administrator: {said}") from None
    except UnusablePassword as fault:
        raise CannotStart(f"That can't be an administrator: password: {fault.fault}") from None
    except EmailTaken as fault:
        raise CannotStart(str(fault)) from None
    print(f"{user.email} is an administrator now, in {running.described(data)}.")
    return 0


def _reset_second_factor(data: Path, email: str) -> int:
    """Reset the second factor of somebody who has lost it: a password is enough again."""
    with running.database(data, make=False) as db:
        user = find_by_email(db, email)
        if user is None:
            raise CannotStart(f"Nobody has an account as {email} in {running.described(data)}.")
        if not user.second_factor:
            raise CannotStart(f"{user.email} has no second factor.")
        second_factor.reset(db, user.id, RESET, utc_now())
    print(f"{user.email} signs in with a password alone, and is signed out everywhere now.")
    return 0


def _demo(data: Path) -> int:
    """Fill an empty calendar with a year of a made-up venue."""
    settings = running.settings_for_trying_out()
    with running.database(data) as db:
        running.bring_up_to_date(db)
        if not events.is_empty(db):
            raise CannotStart(f"There are events in {running.described(data)}: they stay alone.")
        print("A year of events, sales and waiting lists is being made: half a minute.", flush=True)
        year = demo.fill(db, db.client, utc_now(), settings.timezone)
    print(
        f"{year.events} events, {year.bookings:,} bookings and {year.sales:,} counter sales are in "
        f"{running.described(data)}: look at them with make run."
    )
    return 0


def _asked_password() -> str:
    """Ask twice on a terminal, where nobody sees what they type; else read a line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass("Password: ")
    if getpass("The same again: ") != password:
        raise CannotStart("The two passwords differ: nobody is an administrator by that.")
    return password


def _verify(data: Path, event_id: str | None) -> int:
    """Print what differs, and how much was read; what can't be read is neither right nor wrong."""
    # What the log would name is among what is printed.
    logs.configure("critical")
    reading, found = Reading(), 0
    try:
        with running.database(data, make=False) as db:
            for id_, difference in verify(db, event_id, reading):
                print(f"event {id_}: {difference}" if id_ else f"database: {difference}")
                found += 1
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return COULD_NOT_LOOK
    except PyMongoError as error:
        print(f"MongoDB did not answer to the end: {type(error).__name__}.", file=sys.stderr)
        return COULD_NOT_LOOK
    if reading.is_empty and (event_id or not found):
        what = f"no event {event_id}" if event_id else "no event and no audit entry"
        print(f"There is {what} in {running.described(data)}.", file=sys.stderr)
        return COULD_NOT_LOOK
    print(f"Read {reading}: {f'differences: {found}' if found else 'all agree'}.")
    return DIFFERS if found else AGREES


def _openapi() -> int:
    """Print the document, which is the same whatever is set."""
    for name in [name for name in os.environ if name.upper().startswith(config.PREFIX)]:
        del os.environ[name]
    os.environ |= {"TICKETING_AUTH": "open", "TICKETING_MONGODB_URI": "mongodb://127.0.0.1/"}
    settings = config.load(env_file=None)
    print(create_app(settings).test_client().get("/openapi.json").text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ticketing", description="A ticket office.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="serve, with a MongoDB of its own where none is set")
    run.add_argument("--data", type=Path, default=Path("var"), help="that MongoDB's folder")
    commands.add_parser("serve", help="run gunicorn as in production")
    commands.add_parser("migrate", help="bring the database up to date")
    check = commands.add_parser("verify", help="prove that counters, bookings and trail agree")
    check.add_argument("--data", type=Path, default=Path("var"), help="as for run")
    check.add_argument("--event", help="only the event with this id")
    admin = commands.add_parser("create-admin", help="make the first administrator")
    admin.add_argument("email")
    admin.add_argument("--data", type=Path, default=Path("var"), help="as for run")
    lost = commands.add_parser("reset-second-factor", help="for an administrator who has lost it")
    lost.add_argument("email")
    lost.add_argument("--data", type=Path, default=Path("var"), help="as for run")
    year = commands.add_parser("demo", help="fill an empty calendar with a made-up year")
    year.add_argument("--data", type=Path, default=Path("var"), help="as for run")
    commands.add_parser("openapi", help="print the OpenAPI document")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""`python -m ticketing`: run, serve, migrate, verify, create-admin, openapi."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from getpass import getpass
from pathlib import Path

from marshmallow import ValidationError

from ticketing.api.schemas import NEW_USER
from ticketing.app import create_app, now
from ticketing.domain.errors import EmailTaken
from ticketing.domain.users import Role
from ticketing.server import logs, running
from ticketing.server.running import CannotStart
from ticketing.services.passwords import Passwords
from ticketing.services.users import register
from ticketing.services.verification import verify


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; what goes wrong is one sentence."""
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
        if asked.command == "verify":
            return _verify(asked.data, asked.event)
        return _migrate() if asked.command == "migrate" else _openapi()
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1


def _migrate() -> int:
    done = running.prepare(running.load_settings())
    print("\n".join(f"done: {name}" for name in done) or "Nothing to migrate.")
    return 0


def _create_admin(data: Path, email: str) -> int:
    password = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        wish = NEW_USER.load({"email": email, "password": password})
        with running.database(data) as db:
            running.bring_up_to_date(db)
            user = register(db, Passwords(), **wish, now=now(), role=Role.ADMIN)
    except ValidationError as faults:
        raise CannotStart(f"That can't be an administrator: {faults.messages}") from None
    except EmailTaken as fault:
        raise CannotStart(str(fault)) from None
    print(f"{user.email} is an administrator now.")
    return 0


def _verify(data: Path, event_id: str | None) -> int:
    found = 0
    with running.database(data) as db:
        for id_, difference in verify(db, event_id):
            print(f"event {id_}: {difference}" if id_ else f"database: {difference}")
            found += 1
    return 1 if found else 0


def _openapi() -> int:
    settings = replace(running.settings_for_trying_out(), mongodb_uri="mongodb://127.0.0.1/")
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
    commands.add_parser("openapi", help="print the OpenAPI document")
    return parser


if __name__ == "__main__":
    sys.exit(main())

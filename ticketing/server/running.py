"""`make run` and `make serve`: the service from nothing, and the service as in production."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Literal

import structlog
from pymongo.errors import PyMongoError

from ticketing import config
from ticketing.config import PREFIX, Settings, SettingsError, authority
from ticketing.server import logs, mongod, names
from ticketing.server.mongod import Mongod, MongodError
from ticketing.storage import events
from ticketing.storage.driver import fitness
from ticketing.storage.driver.clients import (
    Client,
    Database,
    UnavailableDatabase,
    UnsupportedDatabase,
    connect,
    is_unavailable,
    require_supported,
)
from ticketing.storage.driver.fitness import Faults
from ticketing.storage.migrations.runner import MigrationsBlocked, migrate

log = structlog.get_logger("ticketing.running")

START_TIMEOUT_S = 30

_OPEN = "*** OPEN MODE: EVERYBODY WHO REACHES THIS ADDRESS IS AN ADMINISTRATOR ***\n\n"

GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "python:ticketing.server.gunicorn_config"]
# By the package's name, which is found from every folder; `wsgi:app` is next to a checkout only.
SERVICE = "ticketing.app:create_app()"


class CannotStart(Exception):
    """Why the service does not start, in one sentence."""


class NothingThere(CannotStart):
    """There is no database, and none shall be made."""


def run(data: Path) -> int:
    """Serve until Ctrl-C, with a MongoDB of our own where no URI is set; raises CannotStart."""
    settings = settings_for_trying_out()
    if not mongod.is_free(settings.port, settings.host):
        raise CannotStart(
            f"Port {settings.port} is in use: stop what listens there, or run with PORT=."
        )
    stopping = _Stopping()
    server = None
    if not settings.mongodb_uri:
        print(f"Starting MongoDB in {data} ...", flush=True)
        server = _own_mongod(data)
    try:
        uri = settings.mongodb_uri or server.uri  # type: ignore[union-attr]
        prepare(replace(settings, mongodb_uri=uri))
        where = _where(uri, server) + _empty(replace(settings, mongodb_uri=uri))
        # gunicorn and its workers read the settings by themselves.
        os.environ |= {f"{PREFIX}MONGODB_URI": uri, f"{PREFIX}AUTH": settings.auth}
        return _serve_until_stopped(settings, where, stopping, server)
    finally:
        if server:
            server.stop()
            print("MongoDB has stopped; what was sold is kept.", flush=True)


@contextmanager
def database(data: Path, *, make: bool = True) -> Iterator[Database]:
    """Return the database that `run` works on with this folder, also while it runs.

    Raises CannotStart: NothingThere where there is none and none shall be made.
    """
    settings = settings_for_trying_out()
    server = None
    if not (make or settings.mongodb_uri or mongod.is_used(data)):
        raise NothingThere(f"There is nothing in {data.resolve()}: no server ever ran there.")
    try:
        uri = settings.mongodb_uri or mongod.running_in(data.resolve())
    except MongodError as error:
        raise CannotStart(str(error)) from None
    if uri is None:
        server = _own_mongod(data)
        uri = server.uri
    try:
        with _client(replace(settings, mongodb_uri=uri)) as client:
            _require_supported(client)
            yield client[settings.database]
    finally:
        if server:
            server.stop()


def described(data: Path) -> str:
    """Return which database `database` gives."""
    settings = settings_for_trying_out()
    if settings.mongodb_uri:
        return f"the database {settings.database} of TICKETING_MONGODB_URI"
    return f"the database of {data.resolve()}"


def serve() -> int:
    """Become gunicorn, as in production; raises CannotStart."""
    settings = load_settings()
    logs.configure(settings.log_level, settings.log_format)
    _require_uri(settings)
    _look_at(settings)
    os.execv(GUNICORN[0], [*GUNICORN, SERVICE])


def _require_uri(settings: Settings) -> None:
    if settings.mongodb_uri is None:
        raise CannotStart(
            "TICKETING_MONGODB_URI is not set: point it at a replica set, for instance "
            "mongodb://db1,db2,db3/?replicaSet=rs0."
        )


def _look_at(settings: Settings) -> None:
    """Refuse a MongoDB that will never do, and say so where there is none as yet.

    A server that would end because MongoDB is away for a moment could not come back with it.
    """
    try:
        with _client(settings) as client:
            require_supported(client)
            faults = _faults(client[settings.database])
    except UnsupportedDatabase as error:
        raise CannotStart(str(error)) from None
    except UnavailableDatabase as error:
        log.warning(
            "started_without_mongodb",
            detail=f"{error} Starting all the same: requests are answered with 503, and /readyz is "
            "red, until it is there.",
        )
        return
    if faults.newer:
        raise CannotStart(faults.newer)
    if faults.missing:
        log.warning(
            "started_unfit",
            detail="The database is not up to date: changes are answered with 503 until "
            f"`make migrate` has been run. Missing: {', '.join(faults.missing)}.",
        )


def _faults(db: Database) -> Faults:
    try:
        return fitness.look(db)
    except PyMongoError as error:
        if is_unavailable(error):
            raise UnavailableDatabase("MongoDB went away while it was looked at.") from error
        raise UnsupportedDatabase(
            f"MongoDB does not let us look at the database: {error}"
        ) from error


def prepare(settings: Settings) -> list[str]:
    """Require a database that will do and bring it up to date; return the migrations done."""
    with configured_database(settings) as db:
        return bring_up_to_date(db)


@contextmanager
def configured_database(settings: Settings) -> Iterator[Database]:
    """Return the database of TICKETING_MONGODB_URI, which will do; raises CannotStart."""
    _require_uri(settings)
    with _client(settings) as client:
        _require_supported(client)
        yield client[settings.database]


def bring_up_to_date(db: Database) -> list[str]:
    """Migrate; return what was done. Raises CannotStart with what stands against it."""
    try:
        return migrate(db)
    except (UnsupportedDatabase, UnavailableDatabase, MigrationsBlocked) as reason:
        raise CannotStart(str(reason)) from None


def load_settings(*, default_auth: Literal["required", "open"] = "required") -> Settings:
    """Read the settings; raises CannotStart with every fault."""
    try:
        return config.load(default_auth=default_auth)
    except SettingsError as error:
        raise CannotStart(str(error)) from None


def settings_for_trying_out() -> Settings:
    """Read the settings, open where nothing is set; raises CannotStart with every fault."""
    return load_settings(default_auth="open")


def _own_mongod(data: Path) -> Mongod:
    server = Mongod(data.resolve())
    _start(server)
    return server


def _start(server: Mongod) -> None:
    try:
        server.start()
    except MongodError as error:
        raise CannotStart(str(error)) from None


def _client(settings: Settings) -> Client:
    assert settings.mongodb_uri is not None
    return connect(settings.mongodb_uri, appname=names.appname())


def _require_supported(client: Client) -> None:
    """Wait for MongoDB as long as an operation may take; raises CannotStart."""
    try:
        require_supported(client)
    except (UnsupportedDatabase, UnavailableDatabase) as error:
        raise CannotStart(str(error)) from None


class _Stopping:
    """Remembers that Ctrl-C or SIGTERM came, whatever was going on at that moment."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def _serve_until_stopped(
    settings: Settings, where: str, stopping: _Stopping, server: Mongod | None
) -> int:
    # In a session of its own, for Ctrl-C goes to all of a terminal's: gunicorn is stopped below,
    # while MongoDB is still there for the requests under way.
    gunicorn = subprocess.Popen(
        [*GUNICORN, SERVICE], start_new_session=True, preexec_fn=mongod.die_with_parent
    )
    try:
        if _becomes_ready(settings, gunicorn, stopping):
            _greet(settings, where)
        while not stopping.asked and gunicorn.poll() is None:
            if server and server.has_ended:
                _start_again(server)
            time.sleep(0.1)
    finally:
        if gunicorn.poll() is None:
            gunicorn.terminate()
        code = gunicorn.wait()
    if not stopping.asked:
        raise CannotStart(f"gunicorn ended by itself with {code}: its log above says why.")
    return 0


def _start_again(server: Mongod) -> None:
    """Start MongoDB again where the workers look for it; raises CannotStart."""
    print("MongoDB has ended by itself; starting it again ...", flush=True)
    uri = server.uri
    server.stop()
    _start(server)
    # The workers that run know the old one only.
    if server.uri != uri:
        raise CannotStart("MongoDB's port was taken meanwhile: start again.")
    print("MongoDB is back.", flush=True)


def _becomes_ready(
    settings: Settings, gunicorn: subprocess.Popen[bytes], stopping: _Stopping
) -> bool:
    """Wait for the first good answer; False where it was stopped or ended before."""
    until = time.monotonic() + START_TIMEOUT_S
    while not stopping.asked and gunicorn.poll() is None:
        try:
            with urllib.request.urlopen(f"{_address(settings)}/readyz", timeout=2):
                return True
        except (OSError, urllib.error.URLError):
            if time.monotonic() > until:
                raise CannotStart("The service did not become ready: see the log above.") from None
        time.sleep(0.05)
    return False


def _address(settings: Settings) -> str:
    return f"http://{authority(settings.host, settings.port)}"


def _where(uri: str, server: Mongod | None) -> str:
    """Return where MongoDB is, without a password: people read over shoulders, and in logs."""
    if server:
        return f"{server.shown_uri}\n           its password is in {server.password_file}"
    scheme, _, rest = uri.partition("://")
    hosts = rest.partition("?")[0].rpartition("@")[2].partition("/")[0]
    return f"{scheme}://{hosts}, as TICKETING_MONGODB_URI says"


def _empty(settings: Settings) -> str:
    """Return what to say while the calendar is empty, so that the first look shows something."""
    with _client(settings) as client:
        if not events.is_empty(client[settings.database]):
            return ""
    return "\n  empty    make demo fills the calendar with a year of a made-up venue"


def _greet(settings: Settings, where: str) -> None:
    """Print what there is, in one write: the log of the workers goes to the same terminal."""
    address = _address(settings)
    if settings.auth == "open":
        open_, question = _OPEN, "statistics/monthly?months=3"
        more = ""
    else:
        open_, question = "", "events"
        more = "\n  users    make admin EMAIL=you@example.org makes the first administrator"
    sys.stdout.write(
        f"""
{open_}The ticket office is open at {address}
  docs     {address}/docs/
  MongoDB  {where}
  try      curl -s '{address}/api/v1/{question}'{more}

Ctrl-C stops everything.

"""
    )
    sys.stdout.flush()

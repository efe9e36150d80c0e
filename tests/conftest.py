"""What the tests stand on: the real MongoDB, and applications on databases of their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from pymongo.write_concern import WriteConcern

from tests.api.documented import documented
from tests.storage.mongodb import replica_set
from tests.system.waiting import NEVER_S
from ticketing.app import create_app
from ticketing.config import PREFIX, Settings, load
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver.clients import Client, Database, connect
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.migrations.runner import migrate

# `make sure` looks longer than `make test-unit`.
hypothesis_settings.register_profile("here", deadline=None, max_examples=25)
hypothesis_settings.register_profile("sure", deadline=None, max_examples=200)
hypothesis_settings.load_profile("here")

_databases = count(1)

# The cheapest hashes that there are: what they cost is not what most tests are about.
QUICK = Passwords(memory_kib=8, passes=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a MongoDB or a server, so that `make test-unit` can leave it out."""
    for item in items:
        needs_mongodb = "mongodb_uri" in getattr(item, "fixturenames", ())
        folders = item.path.relative_to(Path(__file__).parent).parts
        # Of what others make of the document, most asks no server.
        needs_server = folders[0] == "system" and folders[1] != "clients"
        if needs_mongodb or needs_server:
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MongoDB, a replica set of one node, for as long as the tests run."""
    folder: Path = tmp_path_factory.mktemp("mongodb")
    with replica_set(folder) as uri:
        yield uri


@pytest.fixture(scope="session")
def mongo(mongodb_uri: str) -> Iterator[Client]:
    with connect(mongodb_uri, appname="tests") as client:
        yield client


@pytest.fixture
def leaves_transactions_open(mongo: Client) -> Iterator[None]:
    """For an hour MongoDB itself ends no transaction that nobody goes on with."""
    name = "transactionLifetimeLimitSeconds"
    before = mongo.admin.command({"getParameter": 1, name: 1})[name]
    mongo.admin.command({"setParameter": 1, name: 3600})
    yield
    mongo.admin.command({"setParameter": 1, name: before})


@pytest.fixture(scope="session")
def migrated_db(mongo: Client) -> Database:
    """A database that most tests share, one after the other: making one takes a while."""
    # A name for each process that tests: those of one name share a stamp (`driver/host.py`).
    name = f"test{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    migrate(mongo[name])
    return mongo[name]


@pytest.fixture
def db(migrated_db: Database) -> Database:
    """A migrated database with nothing in it. Whoever changes its schema takes `fresh_db`."""
    quick = WriteConcern(w=1)
    for name in migrated_db.list_collection_names():
        if name != "migrations":
            migrated_db.get_collection(name, write_concern=quick).delete_many({})
    # One write that waits for a majority waits for those before it as well.
    migrated_db.leases.delete_one({"_id": "none"})
    return migrated_db


@pytest.fixture
def fresh_db(mongo: Client) -> Iterator[Database]:
    """A migrated database of the test's own."""
    name = f"test-{next(_databases)}"
    migrate(mongo[name])
    yield mongo[name]
    mongo.drop_database(name)


@cache
def _defaults() -> Settings:
    """What a service has that nobody has set anything for, in open mode."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            environment.delenv(name)
        return load(default_auth="open", env_file=None)


def the_settings(**known: object) -> Settings:
    """The default settings in open mode, where no MongoDB is, but for what is named."""
    values: dict[str, object] = {
        "mongodb_uri": "mongodb://127.0.0.1:1/",
        "log_level": "error",
        "log_format": "json",
        "secret_keys": ("a-key-that-only-the-tests-sign-with",),
        "venue_name": "Pepperwick Hall",
    }
    return replace(_defaults(), **{**values, **known})  # type: ignore[arg-type]


@pytest.fixture
def handler(mongo: Client, db: Database) -> CommandHandler:
    return CommandHandler(mongo, db, utc_now, group_size=128, wait_s=4, commit_s=8)


@pytest.fixture
def api_at(
    mongo: Client, mongodb_uri: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., FlaskClient]:
    """The service within this process, at a time of the test's choice.

    Each of its answers is held against its OpenAPI document. Shared counts are waited for, however
    busy the machine, but where a test takes them away.
    """

    # Python 3.11 counts how deep it is in a syntax tree for all threads together, so that routes
    # compiled by two of them end in a SystemError (https://github.com/python/cpython/issues/106905).
    one_at_a_time = threading.Lock()

    def build(clock: Callable[[], datetime] = utc_now, **known: object) -> FlaskClient:
        settings = the_settings(database=db.name, mongodb_uri=mongodb_uri, **known)
        with one_at_a_time, monkeypatch.context() as patient:
            if settings.rate_limit_uri is None:
                patient.setattr("ticketing.app.RATES_WAIT_S", NEVER_S)
                patient.setattr("ticketing.app.ATTEMPTS_WAIT_S", NEVER_S)
            return documented(create_app(settings, mongo, clock, QUICK)).test_client()

    return build


@pytest.fixture
def api(api_at: Callable[..., FlaskClient]) -> FlaskClient:
    return api_at()

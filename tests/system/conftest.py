from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.server import Server
from ticketing.storage.driver.clients import Client, Database
from ticketing.storage.migrations.runner import migrate


@pytest.fixture(scope="module")
def office_db(mongo: Client, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database for one module's server."""
    name = request.module.__name__.rpartition(".")[2]
    mongo.drop_database(name)
    migrate(mongo[name])
    yield mongo[name]
    mongo.drop_database(name)


@pytest.fixture(scope="module")
def server(mongodb_uri, office_db, tmp_path_factory) -> Iterator[Server]:
    """A real server with two workers, for one module."""
    log = tmp_path_factory.mktemp("server") / "log"
    with Server(mongodb_uri, office_db.name, log) as running:
        yield running


@pytest.fixture
def clean_db(office_db: Database) -> Database:
    """The server's database, emptied."""
    for name in ("events", "bookings", "audit", "idempotency"):
        office_db[name].delete_many({})
    return office_db

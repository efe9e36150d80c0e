"""What each benchmark begins with: a migrated database of its own, and the service on top of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from bench.load.mongodb import own_mongod
from ticketing.app import command_handler
from ticketing.config import Settings
from ticketing.domain.identity.caller import Caller
from ticketing.server.mongod import Mongod
from ticketing.server.running import settings_for_trying_out
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver.clients import Client, Database, connect
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.migrations.runner import migrate

# Who has done what is there before anything is measured, and the request that it came by.
PREPARING = Caller("bench", "bench")


@dataclass(frozen=True, slots=True)
class Office:
    """A migrated database, and a folder that is gone afterwards."""

    mongod: Mongod
    client: Client
    settings: Settings
    folder: Path

    @property
    def db(self) -> Database:
        """The database that the settings name."""
        return self.client[self.settings.database]

    def handler(self, ago: timedelta = timedelta()) -> CommandHandler:
        """Return what executes commands within this process, by a clock that is so far behind."""
        return command_handler(self.settings, self.client, self.db, lambda: utc_now() - ago)

    def beside(self, database: str) -> Office:
        """Return an office in another database of the same MongoDB, migrated as well."""
        other = replace(self, settings=replace(self.settings, database=database))
        migrate(other.db)
        return other


@contextmanager
def own_office() -> Iterator[Office]:
    """Start a MongoDB for one benchmark; open mode, no rate limits, faults alone in the log."""
    settings = replace(settings_for_trying_out(), log_level="error", rates={})
    with own_mongod() as (mongod, folder), connect(mongod.uri, appname="bench") as client:
        office = Office(mongod, client, replace(settings, mongodb_uri=mongod.uri), folder)
        migrate(office.db)
        yield office

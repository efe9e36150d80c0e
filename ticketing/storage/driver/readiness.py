"""Whether MongoDB can be worked with at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pymongo.errors import OperationFailure, PyMongoError

from ticketing.storage.driver import fitness
from ticketing.storage.driver.clients import (
    Client,
    Database,
    UnavailableDatabase,
    UnsupportedDatabase,
    require_supported,
)
from ticketing.storage.driver.deadlines import deadline
from ticketing.storage.driver.exhaustion import is_exhausted
from ticketing.storage.driver.fitness import Faults

BOUND_S = 1.5
LONGEST_SENSIBLE_LIFETIME_S = 30

Database_ = Literal["ok", "unreachable", "unfit"]
Migrations_ = Literal["ok", "pending", "newer", "unknown"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `/readyz` tells; `missing` makes it red, `warnings` don't."""

    database: Database_
    migrations: Migrations_
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether requests can be served."""
        return self.database == "ok" and self.migrations == "ok" and not self.missing

    @property
    def status(self) -> str:
        """The answer in one word."""
        return "ok" if self.ready else "unavailable"


def check(client: Client, db: Database) -> Readiness:
    """Ask the primary for what is needed, within 2 s."""
    try:
        with deadline(BOUND_S):
            require_supported(client)
            faults = fitness.look(db)
            warnings = _warnings(client)
    except UnsupportedDatabase as reason:
        return Readiness("unfit", "unknown", (str(reason),))
    except (PyMongoError, UnavailableDatabase):
        return Readiness("unreachable", "unknown")
    except (MemoryError, OSError, RuntimeError) as error:
        if not is_exhausted(error):
            raise
        return Readiness("unreachable", "unknown", (f"Nothing is left to ask it with: {error!r}.",))
    return Readiness("ok", _migrations(faults), warnings, faults.sentences)


def _migrations(faults: Faults) -> Migrations_:
    if faults.newer:
        return "newer"
    return "pending" if faults.missing else "ok"


def _warnings(client: Client) -> tuple[str, ...]:
    name = "transactionLifetimeLimitSeconds"
    try:
        limit = client.admin.command({"getParameter": 1, name: 1})[name]
    except OperationFailure:
        return ()
    if limit <= LONGEST_SENSIBLE_LIFETIME_S:
        return ()
    warning = (
        f"{name} is {limit}: if a whole host dies in mid-commit, an event's sales stand still "
        "that long; set it to 5."
    )
    return (warning,)

"""Reads that stand for themselves: never older than what was acknowledged before they began.

While a primary stays the same, a majority read of it shows whatever a majority was ever told. A new
primary has all of that too, but learns only with its own first commit that the last of it is held
by a majority, and until then its majority reads leave that out (seen under `make faults`: the last
two sales before a primary was frozen were missing from reads for half a second after the next had
taken over). So the first read after each change of primary waits for that commit.

https://www.mongodb.com/docs/manual/core/read-isolation-consistency-recency/
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from bson import ObjectId
from pymongo.client_session import ClientSession
from pymongo.errors import (
    ConfigurationError,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from ticketing.domain.errors import DatabaseUnavailable, OutcomeUnknown, Overloaded, Unreadable
from ticketing.storage.driver.clients import OPERATION_TIMEOUT_S, Client, Database, is_unavailable
from ticketing.storage.driver.deadlines import deadline, remaining
from ticketing.storage.driver.exhaustion import is_exhausted
from ticketing.storage.driver.host import renew_stamp
from ticketing.storage.driver.stale_connections import reset_pool
from ticketing.storage.driver.units_of_work import breaks_a_validator

Arguments = ParamSpec("Arguments")
T = TypeVar("T")

_PAUSE_S = 0.05

# The last term whose primary is known to know all, for each client.
_caught_up: WeakKeyDictionary[Client, ObjectId] = WeakKeyDictionary()


def reading(
    read: Callable[Concatenate[Database, Arguments], T],
) -> Callable[Concatenate[Database, Arguments], T]:
    """Wrap a read, so that it shows all that was acknowledged.

    It raises DatabaseUnavailable when MongoDB is away, and Overloaded where nothing is left to work
    with.
    """

    @translating
    @wraps(read)
    def fresh(db: Database, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> T:
        try:
            with deadline(OPERATION_TIMEOUT_S):
                return _read_in_one_term(db, lambda: read(db, *args, **kwargs))
        except (MemoryError, OSError, RuntimeError) as error:
            if is_exhausted(error):
                raise Overloaded from error
            raise

    return fresh


def translating(ask: Callable[Arguments, T]) -> Callable[Arguments, T]:
    """Wrap what asks MongoDB, so that it raises DatabaseUnavailable when MongoDB is away."""

    @wraps(ask)
    def translated(*args: Arguments.args, **kwargs: Arguments.kwargs) -> T:
        try:
            return ask(*args, **kwargs)
        except PyMongoError as error:
            if is_unavailable(error):
                raise DatabaseUnavailable from error
            raise

    return translated


def writing(
    change: Callable[Concatenate[Database, Arguments], T],
) -> Callable[Concatenate[Database, Arguments], T]:
    """Wrap a write of one document, so that it raises OutcomeUnknown where it may have happened.

    Raises DatabaseUnavailable where it was never sent, Unreadable where a validator refuses it.
    What this host remembers of accounts is looked up anew afterwards, whatever has come of it.
    """

    @wraps(change)
    def written(db: Database, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> T:
        try:
            return change(db, *args, **kwargs)
        except PyMongoError as error:
            if isinstance(error, ServerSelectionTimeoutError | WaitQueueTimeoutError):
                raise DatabaseUnavailable from error
            if is_unavailable(error):
                raise OutcomeUnknown from error
            if breaks_a_validator(error):
                raise Unreadable from error
            raise
        finally:
            renew_stamp(db.name)

    return written


def _read_in_one_term(db: Database, read: Callable[[], T]) -> T:
    """Read from a primary that has caught up, and again if another has taken over meanwhile."""
    while True:
        term = _term(db.client)
        try:
            if term is not None and _caught_up.get(db.client) != term:
                # Threads that meet a new primary at once all wait for it: more commits, none wrong.
                _let_catch_up(db)
                _caught_up[db.client] = term
            result = read()
        except ConfigurationError as error:
            if not reset_pool(db.client, error):
                raise
            if remaining() <= _PAUSE_S:
                raise DatabaseUnavailable from error
            time.sleep(_PAUSE_S)
        else:
            # Otherwise it may have been read from the next primary, which nobody had waited for.
            if _term(db.client) == term:
                return result


def _term(client: Client) -> ObjectId | None:
    """Return the election of the primary as this process knows it; None before it has met one.

    A sharded cluster's routers don't tell the elections of its shards.
    """
    servers = client.topology_description.server_descriptions().values()
    return next((server.election_id for server in servers if server.is_writable), None)


def _let_catch_up(db: Database) -> None:
    """Wait until a majority has all that the primary has: so does the commit of a mere read."""

    def look(session: ClientSession) -> None:
        db.events.find_one({}, {"_id": True}, session=session)

    with db.client.start_session() as session:
        session.with_transaction(look, ReadConcern("snapshot"), WriteConcern("majority"))

"""How the service connects to MongoDB."""

from __future__ import annotations

from typing import Any

from pymongo import MongoClient
from pymongo.database import Database as PyMongoDatabase
from pymongo.errors import ConnectionFailure, ExecutionTimeout, OperationFailure, PyMongoError

Document = dict[str, Any]
Client = MongoClient[Document]
Database = PyMongoDatabase[Document]

# From outside in: client 12 s > proxy 11 > request 9 > database 8, so that whoever is further in
# gives up first and the answer still finds somebody to hear it.
OPERATION_TIMEOUT_S = 8

# What a standalone server says to a transaction ("IllegalOperation").
_NO_TRANSACTIONS = 20

# What a node says for a moment, while it stops or another takes over, and nothing has happened. In
# the words of MongoDB's error_codes.yml:
_TRANSIENT = {
    6,  # HostUnreachable
    7,  # HostNotFound
    89,  # NetworkTimeout
    91,  # ShutdownInProgress
    134,  # ReadConcernMajorityNotAvailableYet
    189,  # PrimarySteppedDown
    246,  # SnapshotUnavailable
    262,  # ExceededTimeLimit
    9001,  # SocketException
    10107,  # NotWritablePrimary
    11600,  # InterruptedAtShutdown
    11601,  # Interrupted
    11602,  # InterruptedDueToReplStateChange
    13435,  # NotPrimaryNoSecondaryOk
    13436,  # NotPrimaryOrSecondary
}


def is_transient(error: PyMongoError) -> bool:
    """Return whether a node could not do it at this moment, and has not done it."""
    return isinstance(error, OperationFailure) and error.code in _TRANSIENT


def is_unavailable(error: PyMongoError) -> bool:
    """Return whether MongoDB could not be reached, or not in time, or has no transactions."""
    if isinstance(error, OperationFailure) and error.code == _NO_TRANSACTIONS:
        return True
    unreached = isinstance(error, ConnectionFailure | ExecutionTimeout)
    return error.timeout or unreached or is_transient(error)


class UnsupportedDatabase(Exception):
    """The MongoDB at the other end can't keep the promises."""


class UnavailableDatabase(Exception):
    """There is no primary to be asked, as yet."""


def connect(
    uri: str,
    *,
    appname: str,
    timeout_s: float = OPERATION_TIMEOUT_S,
) -> Client:
    """Return a client that connects at its first use, so that it may be made before any thread.

    Every acknowledged write has reached a majority and its journal; every read sees such writes.
    `appname` names this process in `$currentOp` (see `ticketing.storage.driver.orphaned_sessions`).
    """
    return MongoClient(
        uri,
        appname=appname,
        connect=False,
        tz_aware=True,
        # One text or date that Python can't hold must not spoil the whole answer that it comes in.
        datetime_conversion="DATETIME_AUTO",
        unicode_decode_error_handler="replace",
        retryWrites=True,
        retryReads=True,
        w="majority",
        journal=True,
        readConcernLevel="majority",
        readPreference="primary",
        timeoutMS=int(timeout_s * 1000),
        serverSelectionTimeoutMS=int(timeout_s * 1000),
        connectTimeoutMS=2000,
        heartbeatFrequencyMS=1000,
    )


def require_supported(client: Client) -> None:
    """Require that MongoDB is a replica set with a primary and sessions.

    On a standalone server retryable writes are silently off while `w: majority` is accepted.
    Raises UnsupportedDatabase, UnavailableDatabase.
    """
    try:
        hello = client.admin.command("hello")
    except PyMongoError as error:
        if isinstance(error, OperationFailure) and not is_unavailable(error):
            raise UnsupportedDatabase(f"MongoDB does not let us in: {error.details}") from error
        raise UnavailableDatabase(
            f"MongoDB can't be reached ({type(error).__name__}): "
            "check TICKETING_MONGODB_URI and that the server runs."
        ) from error
    if not ("setName" in hello or hello.get("msg") == "isdbgrid"):
        raise UnsupportedDatabase(
            "This MongoDB is a standalone server and has no transactions: "
            "start mongod with --replSet and run rs.initiate() once; one node is enough."
        )
    if hello.get("logicalSessionTimeoutMinutes") is None:
        raise UnsupportedDatabase(
            "This MongoDB has no sessions: use MongoDB 6.0 or newer, with every node in the set."
        )
    if hello.get("maxWireVersion", 0) < 17:
        raise UnsupportedDatabase("This MongoDB is older than 6.0: use a newer one.")

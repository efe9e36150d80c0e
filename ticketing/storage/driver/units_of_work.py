"""The unit of work: all of a piece of work is written, or none of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from pymongo import ReadPreference
from pymongo.client_session import ClientSession
from pymongo.errors import (
    BulkWriteError,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from ticketing.domain.errors import (
    Busy,
    DatabaseUnavailable,
    DomainError,
    OutcomeUnknown,
    Overloaded,
    Unreadable,
)
from ticketing.storage.driver.clients import (
    OPERATION_TIMEOUT_S,
    Client,
    Database,
    Document,
    is_transient,
    is_unavailable,
)
from ticketing.storage.driver.deadlines import deadline, remaining
from ticketing.storage.driver.exhaustion import is_exhausted
from ticketing.storage.driver.host import renew_stamp
from ticketing.storage.driver.stale_connections import reset_pool

T = TypeVar("T")

log = structlog.get_logger(__name__)

_DUPLICATE_KEY = 11000
_DOCUMENT_VALIDATION_FAILURE = 121
_SNAPSHOT = ReadConcern("snapshot")
_MAJORITY = WriteConcern("majority", j=True)
_COMMIT_PAUSE_S = 0.05


class Conflict(Exception):
    """Somebody else was faster: nothing has happened, decide anew on fresh state."""


_TRANSLATED = (Conflict, DomainError, PyMongoError)


def unit_of_work(client: Client, work: Callable[[ClientSession], T], *, seconds: float) -> T:
    """Run the work in one MongoDB transaction and commit it with majority and journal.

    Raises Conflict, DatabaseUnavailable, Overloaded (nothing has happened), OutcomeUnknown (it may
    have happened), or what the work raised (nothing has happened).
    """
    # A unit of work ends in one of three ways, and which one is never guessed. Until the commit is
    # sent nothing can have happened: MongoDB aborts what nobody commits. Once it is sent, success
    # and a transient error are MongoDB's word that it is committed, or that it is not. Whatever
    # else goes wrong from then on, be it in this process, leaves the outcome unknown: a caller who
    # was told that nothing has happened would buy again.
    begun = False
    try:
        with deadline(seconds), client.start_session() as session:
            session.start_transaction(_SNAPSHOT, _MAJORITY, ReadPreference.PRIMARY)
            try:
                result = work(session)
            except BaseException as error:
                _abandon(session)
                if isinstance(error, PyMongoError):
                    raise _before_commit(error, client) from error
                raise
            begun = True
            _commit(session, client)
            return result
    except Exception as error:
        # Nobody knows how far a commit has come in which something else went wrong.
        if begun and not isinstance(error, Conflict | OutcomeUnknown):
            raise OutcomeUnknown from error
        if is_exhausted(error) and not isinstance(error, _TRANSLATED):
            raise Overloaded from error
        raise


def until_committed(
    db: Database, work: Callable[[ClientSession], T], *, seconds: float = OPERATION_TIMEOUT_S
) -> T:
    """Do the work in one transaction, decided anew after each Conflict; raises Busy, and the rest.

    For what seldom happens at the same moment: whoever comes often waits in a queue instead
    (`ticketing.services.writes`). What this host remembers of accounts is looked up anew
    afterwards, whatever has come of it.
    """
    try:
        return _decided_anew(db.client, work, seconds)
    finally:
        renew_stamp(db.name)


def _decided_anew(client: Client, work: Callable[[ClientSession], T], seconds: float) -> T:
    until = time.monotonic() + seconds
    while (remaining := until - time.monotonic()) > 0:
        try:
            return unit_of_work(client, work, seconds=remaining)
        except Conflict:
            time.sleep(random.uniform(0, _COMMIT_PAUSE_S))
        except PyMongoError as error:
            if breaks_a_validator(error):
                raise Unreadable from error
            raise
    raise Busy


def utc_now() -> datetime:
    """Return this host's time in UTC, in whole milliseconds, which is what MongoDB keeps."""
    time_ = datetime.now(UTC)
    return time_.replace(microsecond=time_.microsecond // 1000 * 1000)


def time_of(session: ClientSession) -> datetime:
    """Return MongoDB's time, as of the last answer in this session, in UTC and whole seconds.

    Every node of a replica set passes it on, so all who ask see one clock, and it never goes back.
    """
    assert session.cluster_time is not None, "nothing has been asked in this session yet"
    moment: datetime = session.cluster_time["clusterTime"].as_datetime()
    return moment


def _abandon(session: ClientSession) -> None:
    """Abort; where that can't be said, the server does so itself when the session ends."""
    with suppress(Exception):
        session.abort_transaction()


def _commit(session: ClientSession, client: Client) -> None:
    """Commit, asking again while the outcome is unknown and there is time.

    Asking again is safe: the server knows the transaction by its number. An error marked
    transient is the server's word that the transaction was not committed.
    """
    while True:
        try:
            return session.commit_transaction()
        except PyMongoError as error:
            if error.has_error_label("TransientTransactionError"):
                raise Conflict from error
            unknown = error.has_error_label("UnknownTransactionCommitResult")
            if not (unknown or reset_pool(client, error)) or remaining() <= _COMMIT_PAUSE_S:
                raise OutcomeUnknown from error
        except Exception as error:
            if not is_exhausted(error) or remaining() <= _COMMIT_PAUSE_S:
                raise OutcomeUnknown from error
        time.sleep(_COMMIT_PAUSE_S)


def _before_commit(error: PyMongoError, client: Client) -> Exception:
    """Translate an error of the work itself: the transaction was not committed."""
    if reset_pool(client, error) or (is_conflict(error) and not error.timeout):
        return Conflict()
    return DatabaseUnavailable() if is_unavailable(error) else error


def breaks_a_validator(error: PyMongoError) -> bool:
    """Return whether MongoDB refuses what a document would be; the log says what it said.

    The rules never make such a document of a sound one, so it has been spoiled before.
    """
    if _DOCUMENT_VALIDATION_FAILURE not in _codes(error):
        return False
    log.error("document_unreadable", document=str(error))
    return True


def breaks_validators_only(error: BulkWriteError) -> bool:
    """Return whether validators have refused some of a bulk, and nothing else went wrong."""
    return _codes(error) == {_DOCUMENT_VALIDATION_FAILURE}


def is_conflict(error: PyMongoError) -> bool:
    """Return whether somebody else's write, or a change of primary, stood in the way."""
    if error.has_error_label("TransientTransactionError") or is_transient(error):
        return True
    return _DUPLICATE_KEY in _codes(error)


def _codes(error: PyMongoError) -> set[int | None]:
    if isinstance(error, BulkWriteError):
        details: Document = dict(error.details)
        return {failed.get("code") for failed in details.get("writeErrors", [])}
    return {error.code} if isinstance(error, OperationFailure) else set()

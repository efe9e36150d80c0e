"""The command handler: the one way in which an event or its bookings are changed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING

import structlog
from pymongo.errors import PyMongoError

from ticketing.domain.commands.command import AnyCommand, Envelope, Resume
from ticketing.domain.commands.moves import Leave
from ticketing.domain.errors import Busy, DomainError, RequestInFlight, Unreadable
from ticketing.domain.identity.caller import SYSTEM_ACTOR, Caller
from ticketing.domain.places import settled_before
from ticketing.services.writes.batch import CommandResult, IdempotencyKey, Submission
from ticketing.services.writes.combining import Publications
from ticketing.services.writes.moves import Moves
from ticketing.services.writes.queue import BatchQueues
from ticketing.services.writes.transaction import Transactions
from ticketing.services.writes.turns import Turns
from ticketing.storage import bookings
from ticketing.storage.driver.clients import Client, Database
from ticketing.storage.driver.deadlines import remaining
from ticketing.storage.driver.units_of_work import Conflict, breaks_a_validator, unit_of_work
from ticketing.storage.writes import idempotency

if TYPE_CHECKING:
    from ticketing.metrics import Metrics

log = structlog.get_logger(__name__)

# A batch commits in 5 to 20 ms; a loser of a write conflict that comes back within that time mostly
# loses again. The pause grows with each defeat so that many workers on one event spread out.
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.04

# How long a request resumes what could not be done in one commit before it is answered: with a
# commit of a thousand bookings that has begun by then it is answered within two seconds.
_RESUME_S = 1.0

# With less time than this remaining, another attempt would only run out of it.
_LEAST_S = 0.05

_NO_EVENT = ""


class CommandHandler:
    """Executes commands on one database: safe for threads, one per process."""

    def __init__(
        self,
        client: Client,
        db: Database,
        clock: Callable[[], datetime],
        *,
        timezone: tzinfo | None = None,
        group_size: int,
        wait_s: float,
        commit_s: float,
        metrics: Metrics | None = None,
    ) -> None:
        self._client = client
        self._db = db
        self._clock = clock
        self._wait_s = wait_s
        self._commit_s = commit_s
        self._metrics = metrics
        self._transactions = Transactions(db, clock, timezone)
        self._turns = Turns(db)
        self._moves = Moves(self._transactions, self._turns)
        self._queues: BatchQueues[Submission, CommandResult] = BatchQueues(
            self._commit,
            size=group_size,
            complete_s=commit_s,
            turn=self._turns.held,
            repeatable=lambda submission: submission.key is not None,
        )

    def combine(self, publications: Publications[Submission, CommandResult]) -> None:
        """Commit together with the other workers of this server; before the first request."""
        self._queues.publications = publications

    def execute(
        self,
        command: AnyCommand,
        *,
        on: str,
        caller: Caller,
        key: IdempotencyKey | None = None,
    ) -> CommandResult:
        """Execute a command on an event, together with whatever else is asked of it just now.

        A refusal is an outcome, not an exception. Raises KeyReused, Busy, DatabaseUnavailable,
        OutcomeUnknown.
        """
        result = self._queues.submit(
            on, Submission(Envelope(command, caller), key), wait_s=self._wait_s
        )
        if result.has_remaining_work:
            self.resume(on, caller.request_id)
        return result

    def execute_on_booking(
        self,
        command: AnyCommand,
        *,
        booking: str,
        caller: Caller,
        key: IdempotencyKey | None = None,
    ) -> CommandResult:
        """Execute a command on the event of a booking, which is read beforehand.

        It changes only when the booking is moved: a command that meets a move may find no booking.
        A booking that is unknown is refused by a commit like any other refusal, since its response
        may have to be stored.
        """
        event = bookings.event_of(self._db, booking) or _NO_EVENT
        return self.execute(command, on=event, caller=caller, key=key)

    def settled_before(self) -> datetime:
        """Return the moment before which nothing turns up any more in a list by time."""
        return settled_before(self._clock(), self._commit_s)

    def move(
        self,
        booking: str,
        *,
        to: str,
        caller: Caller,
        key: IdempotencyKey | None = None,
    ) -> CommandResult:
        """Move a booking to another event, in one commit over both; raises as `execute` does."""
        origin = bookings.event_of(self._db, booking) or _NO_EVENT
        submission = Submission(Envelope(Leave(booking), caller), key)
        seconds = min(self._commit_s, remaining())
        result = self._moves.commit_move(submission, origin=origin, to=to, seconds=seconds)
        if result.has_remaining_work:
            self.resume(origin, caller.request_id)
        return result

    def resume(self, event_id: str, request_id: str) -> bool:
        """Resume the remaining work, one commit after the other, each with whoever comes meanwhile.

        Returns False when the time is over first and going on at once would help. Raises nothing:
        the request that began it is done. The next command for the event, or recovery, goes on.
        """
        until = time.monotonic() + min(_RESUME_S, remaining())
        submission = Submission(Envelope(Resume(), Caller(SYSTEM_ACTOR, request_id)))
        try:
            while self._queues.submit(event_id, submission, wait_s=self._wait_s).has_remaining_work:
                if time.monotonic() > until:
                    log.info("remaining_work", request_id=request_id)
                    return False
        except DomainError as error:
            log.warning("remaining_work", code=error.code, request_id=request_id)
        return True

    def _commit(
        self, event_id: str, submissions: Sequence[Submission]
    ) -> Sequence[CommandResult | BaseException]:
        """Commit a batch, decided anew on fresh state after each conflict, while there is time.

        That it may be decided anew is what makes conflicts harmless: `decide` is pure, nothing of a
        lost attempt has been written or answered, and the fence in the event's filter lets an
        attempt through only on the very state that it was decided on.

        Deciding may take long, as among many who wait, and between hosts whoever decides quickly
        would be first every time. So who has been defeated locks the event before it decides: from
        then on the others are defeated.

        A submission that MongoDB refuses for a reason of its own, or for which something has to be
        read that can't be, must not take its neighbours along: then each is tried by itself.
        """
        until = time.monotonic() + min(self._commit_s, remaining())
        defeats = 0
        while True:
            seconds = until - time.monotonic()
            if seconds <= 0:
                raise Busy  # the turn came when the leader's time was over: nothing has happened
            try:
                return self._attempt(event_id, submissions, seconds, lock=defeats > 0)
            except Conflict as conflict:
                defeats += 1
                self._turns.defeated(event_id)
                pause = random.uniform(0, min(_FIRST_PAUSE_S * defeats, _LONGEST_PAUSE_S))
                if time.monotonic() + pause + _LEAST_S >= until:
                    return [_gave_up(submission, conflict) for submission in submissions]
                time.sleep(pause)
            except Exception as error:
                of_all = isinstance(error, DomainError) and not isinstance(error, Unreadable)
                if of_all or len(submissions) == 1:
                    raise
                if self._metrics:
                    self._metrics.count_split()
                log.warning("batch_split", submissions=len(submissions), error=type(error).__name__)
                return [self._commit_alone(event_id, submission) for submission in submissions]

    def _commit_alone(self, event_id: str, submission: Submission) -> CommandResult | BaseException:
        try:
            return self._commit(event_id, [submission])[0]
        except Exception as error:  # noqa: BLE001 - raised again in its own thread
            return error

    def _attempt(
        self, event_id: str, submissions: Sequence[Submission], seconds: float, *, lock: bool
    ) -> Sequence[CommandResult | BaseException]:
        work = partial(self._transactions.decide_and_write, event_id, submissions, lock=lock)
        begun = time.perf_counter()
        try:
            with self._metrics.committing(len(submissions)) if self._metrics else nullcontext():
                results, entries = unit_of_work(self._client, work, seconds=seconds)
        except BaseException as error:
            if self._metrics:
                conflict = isinstance(error, Conflict)
                self._metrics.count_failed_commit(time.perf_counter() - begun, conflict=conflict)
            if isinstance(error, PyMongoError) and breaks_a_validator(error):
                raise Unreadable from error
            raise
        if self._metrics:
            self._metrics.count_commit(len(submissions), time.perf_counter() - begun, entries)
        return results


def _gave_up(submission: Submission, conflict: Conflict) -> DomainError:
    if submission.key and isinstance(conflict, idempotency.KeyTaken):
        return RequestInFlight()
    return Busy()

"""Moves a booking from one event to another, in one commit over both.

It waits in no queue, since a queue is of one event. What keeps it apart from the batches of both is
the same as between hosts: each event's fence lets it through only on the state that it was decided
on, and where it has lost it is decided anew. The host locks of both, in one order for everybody,
let it have its turn on a hot event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date, datetime

from pymongo.client_session import ClientSession

from ticketing.domain.changes.results import BookingResult, Outcome
from ticketing.domain.commands.command import AnyCommand, Envelope
from ticketing.domain.commands.decide import Decision, decide
from ticketing.domain.commands.moves import Arrive
from ticketing.domain.errors import AlreadyBooked, DomainError
from ticketing.domain.identity.caller import Caller
from ticketing.services.writes.batch import Batch, CommandResult, Submission
from ticketing.services.writes.host_lock import HostLock
from ticketing.storage.driver.clients import Client, Database
from ticketing.storage.driver.units_of_work import settled
from ticketing.storage.writes import change_sets, idempotency, read_sets


class Moves:
    """Moves bookings; safe for threads, one per process."""

    def __init__(
        self,
        client: Client,
        db: Database,
        clock: Callable[[], datetime],
        today: Callable[[datetime], date],
    ) -> None:
        self._client = client
        self._db = db
        self._clock = clock
        self._today = today
        self._lock = HostLock(db.name)

    def execute(
        self, submission: Submission, *, origin: str, to: str, seconds: float
    ) -> CommandResult:
        """Move the booking of a `Leave` from its event to another.

        A refusal by either is an outcome. Raises KeyReused, Busy, DatabaseUnavailable,
        OutcomeUnknown.
        """
        with ExitStack() as held:
            for event in sorted({origin, to}):
                held.enter_context(self._lock.held(event))
            result = settled(
                self._client,
                lambda session: self._decide_and_write(submission, origin, to, session),
                seconds=seconds,
            )
        if isinstance(result, BaseException):
            raise result
        return result

    def _decide_and_write(
        self, submission: Submission, origin: str, to: str, session: ClientSession
    ) -> CommandResult | BaseException:
        scopes = {submission.key.scope} if submission.key else set()
        stored = idempotency.find_many(self._db, scopes, session) if scopes else {}
        batch = Batch([submission], stored)
        if not batch.fresh:
            return batch.complete([])[0]
        outcome, decisions = self._decide(submission.envelope, origin, to, session)
        remains = any(decision.has_remaining_work for decision in decisions)
        (result,) = batch.complete([outcome], has_remaining_work=remains)
        for decision in decisions:
            change_sets.write(self._db, decision, session)
        if batch.records:
            idempotency.insert_many(self._db, batch.records, session)
        return result

    def _decide(
        self, envelope: Envelope, origin: str, to: str, session: ClientSession
    ) -> tuple[Outcome, Sequence[Decision]]:
        """Return what it comes to, and what is to be written: both decisions or none."""
        leaving = self._decide_on(origin, envelope.command, envelope.caller, session)
        (left,) = leaving.outcomes
        if not isinstance(left, BookingResult):
            return left, ()
        if to == origin:
            return AlreadyBooked(), ()
        arriving = self._decide_on(to, Arrive(left.booking), envelope.caller, session)
        (arrived,) = arriving.outcomes
        if not isinstance(arrived, BookingResult):
            assert isinstance(arrived, DomainError)
            return arrived, ()
        return BookingResult(arrived.booking, None, left.assigned), (leaving, arriving)

    def _decide_on(
        self, event_id: str, command: AnyCommand, caller: Caller, session: ClientSession
    ) -> Decision:
        event, read_set = read_sets.load_read_set(self._db, event_id, [command], session)
        now = self._clock()
        envelopes = [Envelope(command, caller)]
        return decide(event_id, event, read_set, envelopes, now, self._today(now))

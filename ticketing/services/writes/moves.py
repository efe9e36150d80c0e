"""Moves a booking from one event to another, in one commit over both.

It waits in no queue, since a queue is of one event. What keeps it apart from the batches of both is
the same as between hosts: each event's fence lets it through only on the state that it was decided
on, and where it has lost it locks both and is decided anew. The turns of both, taken in one order
by everybody, let it come through on a hot event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

from pymongo.client_session import ClientSession

from ticketing.domain.changes.results import BookingResult, Outcome
from ticketing.domain.commands.command import Envelope
from ticketing.domain.commands.decide import Decision
from ticketing.domain.commands.moves import Arrive
from ticketing.domain.errors import AlreadyBooked
from ticketing.services.writes.batch import CommandResult, Submission
from ticketing.services.writes.transaction import Transactions
from ticketing.services.writes.turns import Turns
from ticketing.storage.driver.units_of_work import until_committed


class Moves:
    """Moves bookings; safe for threads, one per process."""

    def __init__(self, transactions: Transactions, turns: Turns) -> None:
        self._transactions = transactions
        self._turns = turns

    def commit_move(
        self, submission: Submission, *, origin: str, to: str, seconds: float
    ) -> CommandResult:
        """Move the booking of a `Leave` from its event to another.

        A refusal by either is an outcome. Raises KeyReused, Busy, DatabaseUnavailable,
        OutcomeUnknown.
        """
        attempts = count()

        def move_in_transaction(session: ClientSession) -> CommandResult | BaseException:
            if next(attempts) > 0:
                self._transactions.lock_events({origin, to}, session)
            return self._leave_and_arrive(submission, origin, to, session)

        with self._turns.held_together({origin, to}):
            result = until_committed(self._transactions.db, move_in_transaction, seconds=seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    def _leave_and_arrive(
        self, submission: Submission, origin: str, to: str, session: ClientSession
    ) -> CommandResult | BaseException:
        batch = self._transactions.batch_of([submission], session)
        if not batch.fresh:
            return batch.complete([])[0]
        outcome, decisions = decide_move(
            submission.envelope,
            origin,
            to,
            lambda event, envelope: self._transactions.decide_on(event, [envelope], session),
        )
        remains = any(decision.has_remaining_work for decision in decisions)
        (result,) = batch.complete([outcome], has_remaining_work=remains)
        self._transactions.write_decisions(decisions, batch, session)
        return result


def decide_move(
    leave: Envelope, origin: str, to: str, decide_on: Callable[[str, Envelope], Decision]
) -> tuple[Outcome, Sequence[Decision]]:
    """Return what a move comes to, and what is to be written: both decisions or none.

    `decide_on` decides a command on an event, as it is read in one transaction.
    """
    leaving = decide_on(origin, leave)
    (left,) = leaving.outcomes
    if not isinstance(left, BookingResult):
        return left, ()
    if to == origin:
        return AlreadyBooked(), ()
    arriving = decide_on(to, Envelope(Arrive(left.booking), leave.caller))
    (arrived,) = arriving.outcomes
    if not isinstance(arrived, BookingResult):
        return arrived, ()
    return replace(arrived, assigned=left.assigned), (leaving, arriving)

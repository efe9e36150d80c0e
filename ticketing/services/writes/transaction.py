"""What is done with submissions within one MongoDB transaction: read, decide, write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from pymongo.client_session import ClientSession

from ticketing.domain.audit import AuditEntry
from ticketing.domain.commands.command import Envelope
from ticketing.domain.commands.decide import Decision, decide
from ticketing.services.writes.batch import Batch, CommandResult, Submission
from ticketing.storage import events
from ticketing.storage.driver.clients import Database
from ticketing.storage.writes import change_sets, idempotency, read_sets

Written = tuple[Sequence[CommandResult | BaseException], Sequence[AuditEntry]]
"""The results of a batch's submissions, and the entries that were appended to the audit."""


@dataclass(frozen=True, slots=True)
class Transactions:
    """The steps of a transaction on one database.

    `timezone` says which day a moment is; where there is none, no event is ever over.
    """

    db: Database
    clock: Callable[[], datetime]
    timezone: tzinfo | None = None

    def decide_and_write(
        self,
        event_id: str,
        submissions: Sequence[Submission],
        session: ClientSession,
        *,
        lock: bool = False,
    ) -> Written:
        """Read, decide and write a batch; with `lock` the event is locked before that."""
        if lock:
            self.lock_events([event_id], session)
        batch = self.batch_of(submissions, session)
        envelopes = [submission.envelope for submission in batch.fresh]
        decision = self.decide_on(event_id, envelopes, session)
        results = batch.complete(decision.outcomes, has_remaining_work=decision.has_remaining_work)
        self.write_decisions([decision], batch, session)
        return results, decision.entries

    def lock_events(self, event_ids: Collection[str], session: ClientSession) -> None:
        """Lock events, in one order for everybody: the first thing that is done, if it is.

        It is for whoever has been defeated (docs/adr/0022).
        """
        for event_id in sorted(event_ids):
            events.lock(self.db, event_id, session)

    def batch_of(self, submissions: Sequence[Submission], session: ClientSession) -> Batch:
        """Return the submissions with what is stored under their keys.

        It is read in the transaction that stores the new responses. A twin that commits in between
        makes this one a conflict (the unique index of the keys, or the event's fence), and decided
        anew it finds the record.
        """
        scopes = {submission.key.scope for submission in submissions if submission.key}
        stored = idempotency.find_many(self.db, scopes, session) if scopes else {}
        return Batch(submissions, stored)

    def decide_on(
        self, event_id: str, envelopes: Sequence[Envelope], session: ClientSession
    ) -> Decision:
        """Read what the commands have to know of an event, and decide them."""
        commands = [envelope.command for envelope in envelopes]
        event, read_set = read_sets.load_read_set(self.db, event_id, commands, session)
        now = self.clock()
        today = now.astimezone(self.timezone).date() if self.timezone else date.min
        return decide(event_id, event, read_set, envelopes, now, today)

    def write_decisions(
        self, decisions: Sequence[Decision], batch: Batch, session: ClientSession
    ) -> None:
        """Write what was decided, and the responses that a completed batch has to store."""
        for decision in decisions:
            if decision.entries:
                change_sets.write_change_set(self.db, decision, session)
        if batch.records:
            idempotency.insert_many(self.db, batch.records, session)

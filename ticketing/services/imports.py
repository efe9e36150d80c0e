"""Many events at once: all of them in one commit, or none."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo.client_session import ClientSession

from ticketing.domain.changes.results import Outcome
from ticketing.domain.commands.command import Envelope
from ticketing.domain.commands.events import Create
from ticketing.domain.errors import DomainError
from ticketing.domain.identity.caller import Caller
from ticketing.services import commands
from ticketing.services.writes.batch import Batch
from ticketing.services.writes.transaction import Transactions
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.units_of_work import until_committed, utc_now

# A year at an event a day: a second of work, where MongoDB may end a transaction after five.
MOST = 366


class _Refused(Exception):
    """Some were refused, so nothing is written."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


def create_all(db: Database, events: Sequence[Create], caller: Caller) -> Sequence[Outcome]:
    """Create events and return them; where any is refused none is, and its outcome is the refusal.

    At most MOST. Raises Busy, DatabaseUnavailable, OutcomeUnknown.
    """
    assert len(events) <= MOST
    transactions = Transactions(db, utc_now)

    def work(session: ClientSession) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for event in events:
            envelopes = [Envelope(event, caller)]
            decision = transactions.decide_on(commands.event_id(), envelopes, session)
            transactions.write_decisions([decision], Batch([], {}), session)
            outcomes += decision.outcomes
        if any(isinstance(outcome, DomainError) for outcome in outcomes):
            raise _Refused(outcomes)
        return outcomes

    try:
        return until_committed(db, work)
    except _Refused as refused:
        return refused.outcomes

"""Forgetting: customers of whom nothing has been heard for long, and what came in meanwhile.

idle         marked by one round, forgotten by a later one, by the erasure that a person can
             ask for; whoever books or signs in meanwhile stays
forgotten    once every request has ended that was under way at the erasure, what those have
             stored of the person goes as well
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from ticketing.domain.errors import DomainError
from ticketing.domain.identity.account_changes import AccountChange
from ticketing.domain.identity.caller import SYSTEM_ACTOR, Caller
from ticketing.services.accounts.changes import change_within
from ticketing.storage import customers, leases
from ticketing.storage.accounts import erasure, idle, users
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.units_of_work import until_committed, utc_now

log = structlog.get_logger(__name__)

PAUSE_S = 30.0

# How many customers are looked at in one round, and how many erasures are gone over again.
MOST = 100

# No request takes longer, and no commit: so long after a mark every commit has seen it.
SETTLE_S = 60.0


def forget_idle(db: Database, now: datetime, days: int, settle_s: float = SETTLE_S) -> int:
    """Look at customers who may be idle; return how many were forgotten."""
    before = now - timedelta(days=days)
    forgotten = 0
    for customer in idle.due(db, before, MOST):
        try:
            forgotten += look_at(db, customer, now, before, settle_s)
        except DomainError as error:
            # Somebody has to see to what is stored of them; the others go on.
            log.warning("not_forgotten", customer=customer, code=error.code)
            idle.put_off(db, customer, now)
    return forgotten


def look_at(
    db: Database, customer_id: str, now: datetime, before: datetime, settle_s: float
) -> bool:
    """Note when a customer was last seen, mark them, or forget them: then return True."""

    def work(session: ClientSession) -> bool:
        customer = customers.find_many(db, {customer_id}, session).get(customer_id)
        if customer is None or customer.key is None:
            return False
        user = users.find_by_id_within(db, customer.user, session) if customer.user else None
        seen = idle.last_seen(db, customer.id, customer.created_at, user, session)
        if seen is None or seen > before:
            idle.note_seen(db, customer.id, seen or now, session)
            return False
        if customer.idle_since is None:
            idle.mark(db, customer.id, seen, session)
            return False
        if not idle.is_settled(customer.idle_since, session, settle_s):
            return False
        if user is not None:
            caller = Caller(SYSTEM_ACTOR, f"retention-{uuid4().hex}")
            change_within(db, user, AccountChange(active=False), caller, now, session)
        erasure.erase(db, customer, session)
        return True

    return until_committed(db, work)


class RetentionWorker:
    """Forgets every now and then, beside the requests; one worker at a time, under a lease."""

    def __init__(self, db: Database, days: int) -> None:
        self._db = db
        self._days = days
        self._holder = uuid4().hex

    def run(self, stop: threading.Event) -> None:
        """Forget until the event is set."""
        while not stop.wait(PAUSE_S):
            try:
                if leases.take(self._db, "retention", self._holder, timedelta(seconds=PAUSE_S)):
                    self._forget()
            except (PyMongoError, DomainError) as error:
                log.info("not_forgotten", error=type(error).__name__)

    def _forget(self) -> None:
        erasure.sweep(self._db, SETTLE_S, MOST)
        if self._days:
            # Nobody is forgotten too early by a clock that is ahead, whichever it is.
            now = min(leases.time_at(self._db), utc_now())
            forget_idle(self._db, now, self._days, SETTLE_S)

"""A person can leave: what is kept about them, and how it is forgotten.

Bookings and the audit carry a customer's id and nothing else of them, so they stay whole and
`verify` stays silent. What is forgotten: the customer's name and key, the account with its audit's
addresses, codes, sessions and mail, and the answers stored under keys that name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from pymongo.client_session import ClientSession

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.commands.bookings import Cancel
from ticketing.domain.errors import BookingsAhead, Busy, CustomerNotFound
from ticketing.domain.identity.account_changes import AccountChange, UserAuditEntry
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import Customer
from ticketing.domain.identity.users import User
from ticketing.services.accounts.changes import change_within
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage import audit, bookings, customers, events
from ticketing.storage.accounts import erasure, idle, user_audit, users
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.units_of_work import until_committed

# Nobody has been given so many changes of an account.
_MOST_ENTRIES = 10_000

# Nobody gets tickets so often while they are erased.
_MOST_TRIES = 10


@dataclass(frozen=True, slots=True)
class Export:
    """All that is kept about a customer."""

    customer: Customer
    account: User | None
    account_audit: list[UserAuditEntry]
    bookings: list[Booking]
    audit: list[AuditEntry]


def export(db: Database, customer_id: str) -> Export:
    """Return all that is kept about a customer; raises CustomerNotFound."""
    customer = get(db, customer_id)
    account = users.find(db, customer.user) if customer.user else None
    changes = user_audit.page(db, account.id, 0, _MOST_ENTRIES) if account else []
    return Export(
        customer, account, changes, bookings.of_customer_whole(db, customer_id),
        audit.of_customer_whole(db, customer_id),
    )  # fmt: skip


def get(db: Database, customer_id: str) -> Customer:
    """Return a customer; raises CustomerNotFound, also of somebody who has been erased."""
    customer = customers.find(db, customer_id)
    if customer is None or customer.key is None:
        raise CustomerNotFound
    return customer


def erase(
    db: Database,
    commands: CommandHandler,
    customer_id: str,
    caller: Caller,
    now: datetime,
    *,
    ahead_from: date | None = None,
) -> None:
    """Forget a customer; raises CustomerNotFound, LastAdmin, Busy.

    With `ahead_from`, which is for those who erase themselves, raises BookingsAhead where they hold
    anything for that day or later. The account is deactivated first, so nothing is booked meanwhile
    and what waits is given up, each place with its entry; a crash in between leaves a deactivated
    account, and asking again goes on.
    """
    # The invariant: from the fence on, whatever gives the customer tickets has seen the mark and
    # takes it away in its commit. So while the mark of this round is there, all that they hold is
    # seen here, and a commit that would add to it loses to this one's write of the customer.
    get(db, customer_id)
    if ahead_from is not None and bookings.has_ahead(db, customer_id, ahead_from):
        raise BookingsAhead
    for _ in range(_MOST_TRIES):
        since = idle.mark_leaving(db, customer_id)
        if since is None:
            raise CustomerNotFound
        events.fence_all(db)
        marked = _Marked(db, customer_id, since)
        customer = until_committed(db, partial(_deactivate, marked, caller, now, ahead_from))
        if customer is None:
            continue
        for waiting in bookings.waiting_of(db, customer_id):
            commands.execute(Cancel(waiting.id, only_waiting=True), on=waiting.event, caller=caller)
        if until_committed(db, partial(_erase, marked, customer)):
            return
    raise Busy


@dataclass(frozen=True, slots=True)
class _Marked:
    """A customer who has been marked since a moment, unless a booking has come in between."""

    db: Database
    id: str
    since: datetime

    def find(self, session: ClientSession) -> Customer | None:
        return idle.find_marked(self.db, self.id, self.since, session)


def _deactivate(
    marked: _Marked,
    caller: Caller,
    now: datetime,
    ahead_from: date | None,
    session: ClientSession,
) -> Customer | None:
    """Deactivate the account of a marked customer and return them; None where the mark is gone."""
    customer, db = marked.find(session), marked.db
    if customer is None:
        return None
    if ahead_from is not None and bookings.has_ahead_within(db, marked.id, ahead_from, session):
        raise BookingsAhead
    user = users.find_by_id_within(db, customer.user, session) if customer.user else None
    if user is not None:
        change_within(db, user, AccountChange(active=False), caller, now, session)
    return customer


def _erase(marked: _Marked, known: Customer, session: ClientSession) -> bool:
    """Erase a marked customer who waits for nothing, and return True."""
    customer = marked.find(session)
    # An account that was linked meanwhile has to be deactivated first, in another round.
    if customer is None or customer.user != known.user:
        return False
    if bookings.waiting_within(marked.db, customer.id, session):
        return False
    erasure.erase(marked.db, customer, session)
    return True

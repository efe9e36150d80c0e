"""How an account is changed: read, decided, written with its audit entry, in one commit."""

from __future__ import annotations

from datetime import datetime

from pymongo.client_session import ClientSession

from ticketing.domain.identity.account_changes import (
    AccountChange,
    change_entry,
    changed,
    gives_up_power,
    registration_entry,
    require_another_admin,
)
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import User
from ticketing.services.accounts.customers import claim_customer
from ticketing.storage import customers
from ticketing.storage.accounts import codes, user_audit, users
from ticketing.storage.driver.clients import Database
from ticketing.storage.driver.units_of_work import until_committed


def add_account(db: Database, user: User, caller: Caller) -> User:
    """Add an account and return it; raises EmailTaken."""

    def work(session: ClientSession) -> User:
        return add_within(db, user, caller, session)

    return until_committed(db, work)


def add_within(db: Database, user: User, caller: Caller, session: ClientSession) -> User:
    """Add an account as part of a unit of work that does more; raises EmailTaken."""
    users.insert(db, user, session)
    user_audit.insert(db, registration_entry(user, caller), session)
    return claim_customer(db, user, user.created_at, session) if user.verified else user


def change_account(
    db: Database, user_id: str, change: AccountChange, caller: Caller, now: datetime
) -> User:
    """Change an account and return it; raises UserNotFound, LastAdmin.

    Where nothing differs nothing is written.
    """

    def work(session: ClientSession) -> User:
        return change_within(db, users.get(db, user_id, session), change, caller, now, session)

    return until_committed(db, work)


def change_within(
    db: Database,
    before: User,
    change: AccountChange,
    caller: Caller,
    now: datetime,
    session: ClientSession,
) -> User:
    """Change an account as part of a unit of work that does more."""
    after = changed(before, change)
    if after == before:
        return before
    if gives_up_power(before, after):
        others = users.has_other_admins(db, before.id, session)
        require_another_admin(before, after, others=others)
    users.replace(db, before, after, session)
    if after.password_hash != before.password_hash:
        codes.forget(db, before.id, "reset", session)
        codes.rehash(db, before.id, before.password_hash, after.password_hash, session)
    user_audit.insert(db, change_entry(before, after, caller, now), session)
    if after.active != before.active:
        customers.set_active(db, after.id, session, active=after.active)
    if after.customer_id is not None and after.key != before.key:
        customers.rename(db, after.customer_id, after.key, after.email, session)
    if after.verified and after.customer_id is None:
        return claim_customer(db, after, now, session)
    return after

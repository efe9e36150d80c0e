"""What an account owns once its address is known to be its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pymongo.client_session import ClientSession

from ticketing.domain.identity.users import User
from ticketing.storage import customers
from ticketing.storage.accounts import users
from ticketing.storage.driver.clients import Database


def claim_customer(db: Database, user: User, now: datetime, session: ClientSession) -> User:
    """Give an account what was booked for its address, in the commit that verifies it."""
    customer = customers.claim(db, user.key, user.email, user.id, now, session)
    users.link(db, user.id, customer.id, session)
    return replace(user, customer_id=customer.id)

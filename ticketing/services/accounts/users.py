"""Users: registering, signing in and out, changing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bson import ObjectId

from ticketing.domain.errors import Busy, UserNotFound, WrongPassword
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.names import address_key, as_shown
from ticketing.domain.identity.users import Principal, Role, User
from ticketing.services.accounts.deactivation import leave_lists
from ticketing.services.accounts.passwords import Passwords
from ticketing.services.accounts.tokens import Claims
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage import customers
from ticketing.storage.accounts import users
from ticketing.storage.driver.clients import Database


def register(
    db: Database,
    passwords: Passwords,
    email: str,
    password: str,
    now: datetime,
    role: Role = Role.CUSTOMER,
) -> User:
    """Add a user; raises EmailTaken, UnusableName."""
    user = User(
        id=str(ObjectId()),
        email=as_shown(email),
        key=address_key(email),
        role=role,
        active=True,
        password_hash=passwords.hash(password),
        generation=1,
        signed_out=frozenset(),
        created_at=now,
    )
    users.insert(db, user)
    return claimed(db, user, now)


def claimed(db: Database, user: User, now: datetime) -> User:
    """Return a user who has what is booked for their address; doing it again changes nothing."""
    if user.customer_id is not None:
        return user
    customer = customers.claim(db, user.key, user.email, user.id, now, None)
    users.link(db, user.id, customer.id)
    return replace(user, customer_id=customer.id)


def authenticate(db: Database, passwords: Passwords, email: str, password: str) -> User | None:
    """Find the active user with this e-mail address and password.

    An unknown address takes as long as a wrong password. A hash made with weaker parameters than
    today's is made anew.
    """
    user = users.find_by_email(db, email)
    if not passwords.check(user.password_hash if user else None, password):
        return None
    if user is None or not user.active:
        return None
    if passwords.is_outdated(user.password_hash):
        users.rehash(db, user, passwords.hash(password))
    return user


def bearer_of(db: Database, claims: Claims | None) -> Principal | None:
    """Find whom a token's claims belong to, where they are good and have not been revoked.

    The role is the user's of this moment, not the token's.
    """
    user = users.find(db, claims.user) if claims else None
    if claims is None or user is None or not user.active:
        return None
    if user.generation != claims.generation or claims.token in user.signed_out:
        return None
    return Principal(user.id, user.role, user.customer)


def change(
    db: Database,
    commands: CommandHandler,
    passwords: Passwords,
    user_id: str,
    values: Mapping[str, Any],
    caller: Caller,
) -> User:
    """Change a user's role, activity or password; raises UserNotFound, LastAdmin, Busy.

    A new password, and being deactivated, make all of the user's tokens worthless. Whoever is
    deactivated leaves the waiting lists, and is on none when they are active again.
    """
    user = users.find(db, user_id)
    if user is None:
        raise UserNotFound
    comes_back = values.get("active") is True and not user.active
    if comes_back and not leave_lists(db, commands, user, caller):
        raise Busy
    changed = _change(db, passwords, user, values)
    if not changed.active:
        leave_lists(db, commands, changed, caller)
    return changed


def _change(db: Database, passwords: Passwords, user: User, values: Mapping[str, Any]) -> User:
    loses_power = values.get("active") is False or values.get("role", user.role) < user.role
    new: dict[str, Any] = {}
    if "role" in values:
        new["role"] = values["role"].word
    if "active" in values:
        new["active"] = values["active"]
    if "password" in values:
        new["password_hash"] = passwords.hash(values["password"])
    revoke = "password" in values or values.get("active") is False
    if user.role is Role.ADMIN and loses_power:
        return users.change_unless_last_admin(db, user.id, new, revoke=revoke)
    return users.change(db, user.id, new, revoke=revoke)


def change_own_password(
    db: Database, passwords: Passwords, user_id: str, current: str, password: str
) -> User:
    """Change one's own password; raises UserNotFound, WrongPassword."""
    user = users.find(db, user_id)
    if user is None:
        raise UserNotFound
    if not passwords.check(user.password_hash, current):
        raise WrongPassword
    return users.change(db, user_id, {"password_hash": passwords.hash(password)}, revoke=True)

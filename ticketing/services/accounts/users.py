"""Users: registering, signing in and out, changing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from bson import ObjectId

from ticketing.domain.errors import (
    Busy,
    CurrentPasswordMissing,
    NotAllowed,
    UserNotFound,
    WrongPassword,
)
from ticketing.domain.identity.account_changes import AccountChange, UserAuditEntry
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.names import address_key, as_shown
from ticketing.domain.identity.passwords import prepared
from ticketing.domain.identity.users import Principal, Role, User
from ticketing.services.accounts.changes import add_account, change_account
from ticketing.services.accounts.deactivation import leave_lists
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.signing_in.tokens import Claims
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.accounts import user_audit, users
from ticketing.storage.documents import UnreadableDocument
from ticketing.storage.driver.clients import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdate:
    """What somebody wants an account to be; what is None stays. The password is in the clear."""

    role: Role | None = None
    active: bool | None = None
    verified: bool | None = None
    email: str | None = None
    password: str | None = field(default=None, repr=False)
    current_password: str | None = field(default=None, repr=False)


def register(
    db: Database,
    passwords: Passwords,
    email: str,
    password: str,
    now: datetime,
    role: Role = Role.CUSTOMER,
    *,
    verified: bool = True,
    caller: Caller | None = None,
) -> User:
    """Add a user; raises EmailTaken, UnusableName, UnusablePassword.

    Whom staff adds is known to them; who registers by themselves is not `verified`. Without a
    `caller` it is the user's own doing.
    """
    user = new_user(passwords, email, password, now, role, verified=verified)
    add_account(db, user, caller or Caller(user.id, uuid4().hex))
    return user


def new_user(
    passwords: Passwords,
    email: str,
    password: str,
    now: datetime,
    role: Role = Role.CUSTOMER,
    *,
    verified: bool,
) -> User:
    """Make a user who is not stored yet; raises UnusableName, UnusablePassword."""
    return User(
        id=str(ObjectId()),
        email=as_shown(email),
        key=address_key(email),
        role=role,
        active=True,
        password_hash=passwords.hash_new(password, email),
        generation=1,
        signed_out=frozenset(),
        created_at=now,
        verified=verified,
        sequence=1,
    )


def authenticate(db: Database, passwords: Passwords, email: str, password: str) -> User | None:
    """Find the active user with this e-mail address and password.

    An unknown address takes as long as a wrong password. A hash made with weaker parameters than
    today's, or of another spelling than is hashed today, is made anew.
    """
    user = users.find_by_email(db, email)
    form = passwords.matching_form(user.password_hash if user else None, password)
    if form is None or user is None or not user.active:
        return None
    if passwords.is_outdated(user.password_hash) or form != prepared(password):
        users.rehash(db, user, passwords.hash(password))
    return user


def bearers_of(
    db: Database, all_claims: Sequence[Claims], now: datetime
) -> list[Principal | UnreadableDocument | None]:
    """Find whom tokens' claims belong to, each where they are good and have not been revoked.

    It is one read for all of them. The role is the user's of this moment, not the token's.
    """
    unreadable: list[UnreadableDocument] = []
    found = users.find_many(db, {claims.user for claims in all_claims}, unreadable)
    known: dict[object, User | UnreadableDocument] = {
        **{user.id: user for user in found},
        **{error.id: error for error in unreadable},
    }
    return [_bearer_of(db, known.get(claims.user), claims, now) for claims in all_claims]


def _bearer_of(
    db: Database, found: User | UnreadableDocument | None, claims: Claims, now: datetime
) -> Principal | UnreadableDocument | None:
    if isinstance(found, UnreadableDocument):
        return found
    if found is None or not _are_good(claims, found):
        return None
    users.note_seen(db, found, now)
    return principal_of(found)


def subject_of(db: Database, claims: Claims | None) -> User | None:
    """Find the user whose claims these are, where they are good and have not been revoked."""
    user = users.find(db, claims.user) if claims else None
    return user if claims and user and _are_good(claims, user) else None


def _are_good(claims: Claims, user: User) -> bool:
    return (
        user.active and user.generation == claims.generation and claims.token not in user.signed_out
    )


def principal_of(user: User) -> Principal:
    """Return a user as the one who asks."""
    return Principal(
        user.id,
        user.role,
        user.customer,
        verified=user.verified,
        second_factor=bool(user.second_factor),
    )


def change(
    db: Database,
    commands: CommandHandler,
    passwords: Passwords,
    user_id: str,
    update: AccountUpdate,
    caller: Caller,
    now: datetime,
) -> User:
    """Change somebody's account; raises UserNotFound, LastAdmin, UnusablePassword, Busy.

    Whoever is deactivated leaves the waiting lists, and is on none when they are active again.
    """
    user = users.find(db, user_id)
    if user is None:
        raise UserNotFound
    hashed = passwords.hash_new(update.password, user.email) if update.password else None
    # Places that were not given up yet must be gone before they could be served again.
    comes_back = update.active is True and not user.active
    if comes_back and not leave_lists(db, commands, user, caller):
        raise Busy
    new = AccountChange(
        role=update.role, active=update.active, verified=update.verified, password_hash=hashed
    )
    changed = change_account(db, user_id, new, caller, now)
    # Afterwards, when nothing new can be booked; what a crash leaves here, recovery gives up.
    if not changed.active:
        leave_lists(db, commands, changed, caller)
    return changed


def audit(db: Database, user_id: str, after: int, limit: int) -> list[UserAuditEntry]:
    """List what has been done to an account, from the first after a number; raises UserNotFound."""
    entries = user_audit.page(db, user_id, after, limit)
    if not entries and users.find(db, user_id) is None:
        raise UserNotFound
    return entries


def require_password(db: Database, passwords: Passwords, user_id: str, current: str) -> User:
    """Return a user whose password this is; raises UserNotFound, WrongPassword."""
    user = users.find(db, user_id)
    if user is None:
        raise UserNotFound
    if not passwords.check(user.password_hash, current):
        raise WrongPassword
    return user


def require_may_change(asks: Principal, user_id: str, update: AccountUpdate) -> None:
    """Raise NotAllowed but where an administrator asks, or staff says that an address is verified.

    Whoever changes their own password has to know it, whatever they may: CurrentPasswordMissing.
    """
    if asks.role < Role.ADMIN and update != AccountUpdate(verified=True):
        raise NotAllowed
    if asks.id == user_id and update.password and update.current_password is None:
        raise CurrentPasswordMissing

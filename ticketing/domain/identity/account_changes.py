"""What a change makes of an account, and what the audit says of it; the rules, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime

from ticketing.domain.errors import LastAdmin
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.users import Role, User

Change = Mapping[str, tuple[object, object]]

REGISTERED, CHANGED = "registered", "changed"
ACTIONS = (REGISTERED, CHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """New values for an account; what is None stays as it is.

    An empty `second_factor` is none.
    """

    role: Role | None = None
    active: bool | None = None
    verified: bool | None = None
    password_hash: str | None = None
    email: str | None = None
    key: str | None = None
    second_factor: str | None = None


@dataclass(frozen=True, slots=True)
class UserAuditEntry:
    """One change of one account: its `sequence` counts the changes of that account, from 1.

    `changes` maps a field to its old and its new value; a password has neither. Of a second factor
    it is whether there is one: true and true where another has taken its place.
    """

    user: str
    sequence: int
    action: str
    changes: Change
    actor: str
    at: datetime
    request_id: str


def changed(user: User, change: AccountChange) -> User:
    """Return the account as it is after a change; the same where nothing differs.

    A new password, another second factor, and being deactivated make all tokens worthless.
    """
    given = {field.name: getattr(change, field.name) for field in fields(change)}
    after = replace(user, **{name: value for name, value in given.items() if value is not None})
    if after == user:
        return user
    revoked = (
        after.password_hash != user.password_hash
        or after.second_factor != user.second_factor
        or (user.active and not after.active)
    )
    if revoked:
        after = replace(after, generation=user.generation + 1, signed_out=frozenset())
    return replace(after, sequence=user.sequence + 1)


def gives_up_power(before: User, after: User) -> bool:
    """Return whether an active administrator will not be one."""
    return _is_in_power(before) and not _is_in_power(after)


def require_another_admin(before: User, after: User, *, others: bool) -> None:
    """Raise LastAdmin where this change would leave nobody who may change anything.

    `others` is whether there is another active administrator.
    """
    if gives_up_power(before, after) and not others:
        raise LastAdmin


def registration_entry(user: User, caller: Caller) -> UserAuditEntry:
    """Return what the audit says of a new account."""
    new = {name: (None, value) for name, value in _recorded(user).items()}
    return UserAuditEntry(
        user.id, user.sequence, REGISTERED, new, caller.actor, user.created_at, caller.request_id
    )


def change_entry(before: User, after: User, caller: Caller, now: datetime) -> UserAuditEntry:
    """Return what the audit says of a change."""
    old, new = _recorded(before), _recorded(after)
    changes: dict[str, tuple[object, object]] = {
        name: (old[name], new[name]) for name in new if old[name] != new[name]
    }
    if before.password_hash != after.password_hash:
        changes["password"] = (None, None)
    if before.second_factor != after.second_factor:
        changes["second_factor"] = (bool(before.second_factor), bool(after.second_factor))
    return UserAuditEntry(
        after.id, after.sequence, CHANGED, changes, caller.actor, now, caller.request_id
    )


def _is_in_power(user: User) -> bool:
    return user.active and user.role is Role.ADMIN


def _recorded(user: User) -> dict[str, object]:
    return {
        "email": user.email,
        "role": user.role.word,
        "active": user.active,
        "verified": user.verified,
    }

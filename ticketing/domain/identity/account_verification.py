"""Proves that an account is what the audit says has been made of it, change by change.

What no entry tells can't be known: accounts of before there was an audit begin somewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ticketing.domain.identity.account_changes import REGISTERED, UserAuditEntry
from ticketing.domain.identity.users import User

_AT_FIRST = frozenset({"email", "role", "active", "verified"})
_FIELDS = _AT_FIRST | {"password", "second_factor"}


@dataclass(slots=True)
class _Replayed:
    known: dict[str, object] = field(default_factory=dict)
    entries: int = 0
    last_at: datetime | None = None


def account_differences(user: User | None, entries: Iterable[UserAuditEntry]) -> Iterator[str]:
    """Return a sentence for each thing that differs between an account and its entries, in order.

    Without a user, who has been erased, the entries tell nothing of them but that they left.
    """
    replayed = _Replayed()
    for entry in entries:
        yield from _of_entry(replayed, entry, erased=user is None)
        replayed.entries = entry.sequence
        replayed.last_at = entry.at
        replayed.known |= {name: new for name, (_, new) in entry.changes.items()}
        if user and entry.action == REGISTERED and entry.at != user.created_at:
            yield f"registered at {entry.at}, the account says {user.created_at}"
    if user is None:
        if replayed.entries and replayed.known.get("active") is not False:
            yield "there is no such account, and no entry says that it was given up"
        return
    if user.sequence != replayed.entries:
        yield f"sequence is {user.sequence}, the last entry is number {replayed.entries}"
    for name, value in _state(user).items():
        if name in replayed.known and replayed.known[name] != value:
            yield f"{name} is {value!r}, the audit says {replayed.known[name]!r}"


def _of_entry(replayed: _Replayed, entry: UserAuditEntry, *, erased: bool) -> Iterator[str]:
    label = f"entry {entry.sequence}"
    if entry.sequence != replayed.entries + 1:
        yield f"{label} comes after number {replayed.entries}"
    if replayed.last_at is not None and entry.at < replayed.last_at:
        yield f"{label} is from before the one that it follows"
    if (entry.action == REGISTERED) != _registers(entry):
        yield f"{label} is called {entry.action}, and tells something else"
    if entry.sequence > 1 and entry.action == REGISTERED:
        yield f"{label} registers an account that is there"
    if erased and "email" in entry.changes:
        yield f"{label} has the address of an account that is not there"
    if not entry.changes and not erased:
        yield f"{label} changes nothing"
    for name, (old, new) in entry.changes.items():
        if name not in _FIELDS:
            yield f"{label} changes {name}, which no account has"
        elif name != "password" and old != replayed.known.get(name, old):
            yield f"{label} changes {name} from {old!r}, it was {replayed.known[name]!r}"
        elif name not in ("password", "second_factor") and old == new:
            yield f"{label} changes {name} from {old!r} to the same"


def _registers(entry: UserAuditEntry) -> bool:
    """Return whether an entry has the form of a first one; the address goes with an erasure."""
    first = _AT_FIRST - {"email"}
    news = {name: change for name, change in entry.changes.items() if name != "email"}
    return news.keys() == first and all(old is None for old, _ in news.values())


def _state(user: User) -> Mapping[str, object]:
    return {
        "email": user.email,
        "role": user.role.word,
        "active": user.active,
        "verified": user.verified,
        "second_factor": bool(user.second_factor),
    }

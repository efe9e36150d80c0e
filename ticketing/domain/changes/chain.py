"""The chain: each audit entry has a hash that covers the entry and the hash that it follows.

So whoever notes the last hash of an event down, its head, has noted all that came before: nobody
can change, remove or put in an entry of then and come to the same head again. Whoever may write to
the database can compute other hashes, though; only what is noted down elsewhere tells of that
(docs/reliability.md).

An entry's hash is the SHA-256 of the hash that it follows and of the entry as text: a JSON array
without blanks, in UTF-8, as `_text_of` has it. docs/operations.md says the same to whoever wants to
compute it without this code, and a test holds them together. **What has been hashed once can't be
spelt otherwise any more**: a new field of an entry, or another spelling, would need a chain that
begins anew.

Usually an entry follows the one before it. A version of the service that knows nothing of the chain
leaves entries without a hash: the next entry that has one follows the last one that had, and its
text says so by that one's sequence. The first of all follows `genesis`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256

from ticketing.domain.audit import AuditEntry
from ticketing.domain.identity.customers import Customer

_HEAD = re.compile(r"([1-9][0-9]{0,15}):([0-9a-f]{64})", re.ASCII)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain: its sequence, and its hash in 64 hexadecimal digits."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Return the head that `str` writes; raises ValueError for anything else."""
        found = _HEAD.fullmatch(text)
        if found is None:
            raise ValueError(f"{text[:100]!r} is no head")
        return cls(int(found[1]), found[2])


def genesis(event: str) -> Head:
    """Return what an event's first entry follows."""
    return Head(0, sha256(event.encode()).hexdigest())


def next_head(before: Head | None, entry: AuditEntry) -> Head:
    """Return the head that an entry makes of the one before; None stands for no chain yet.

    The entry's own hash does not count, for that is what is computed.
    """
    follows = before or genesis(entry.event)
    text = follows.hash + _text_of(entry, follows.sequence)
    return Head(entry.sequence, sha256(text.encode()).hexdigest())


def _text_of(entry: AuditEntry, follows: int) -> str:
    """Return an entry as text, after the sequence of the one that it follows."""
    return _encode(
        [
            follows,
            entry.event,
            entry.sequence,
            entry.action,
            entry.booking,
            _plain(entry.customer),
            entry.tickets,
            entry.total,
            entry.sold,
            entry.waiting,
            _sides_of(entry.changes),
            entry.actor,
            _plain(entry.at),
            entry.request_id,
        ]
    )


def _sides_of(changes: Mapping[str, tuple[object, object]]) -> dict[str, list[object]]:
    return {name: [_plain(side) for side in changes[name]] for name in sorted(changes)}


def _plain(value: object) -> object:
    """Return a value as JSON has it: customers by their id, moments in UTC and milliseconds."""
    if isinstance(value, Customer):
        return value.id
    if isinstance(value, datetime):
        at = value.astimezone(UTC).replace(tzinfo=None)
        return at.isoformat(timespec="milliseconds") + "Z"
    return value.isoformat() if isinstance(value, date) else value

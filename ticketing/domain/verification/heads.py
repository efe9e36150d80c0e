"""A head that somebody has noted down, against the entry that is stored."""

from __future__ import annotations

from dataclasses import dataclass

from ticketing.domain.audit import AuditEntry
from ticketing.domain.changes.chain import Head


@dataclass(frozen=True, slots=True)
class NotedHead:
    """The head of an event's chain, as a receipt or the event itself said it once."""

    event: str
    head: Head

    def __str__(self) -> str:
        return f"{self.event}:{self.head}"

    @classmethod
    def parse(cls, text: str) -> NotedHead:
        """Return what `str` writes, `EVENT:SEQUENCE:HASH`; raises ValueError for anything else."""
        event, colon, head = text.partition(":")
        if not event or not colon:
            raise ValueError(f"{text[:100]!r} is no EVENT:SEQUENCE:HASH")
        return cls(event, Head.parse(head))


def head_difference(noted: NotedHead, stored: AuditEntry | None) -> str | None:
    """Return, in a sentence, how an entry differs from the head that was noted of it, if it does.

    That it agrees proves something only where the chain is recomputed as well.
    """
    sequence, hash_ = noted.head.sequence, noted.head.hash
    if stored is None:
        return f"head {sequence} was noted as {hash_}, and there is no entry {sequence} any more"
    if stored.hash is None:
        return f"head {sequence} was noted as {hash_}, and entry {sequence} has no hash any more"
    if stored.hash != hash_:
        return f"head {sequence} was noted as {hash_}, and is stored as {stored.hash}"
    return None

"""Compares heads that were noted down with what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ticketing.domain.verification.heads import NotedHead, head_difference
from ticketing.storage import audit
from ticketing.storage.documents import UnreadableDocument
from ticketing.storage.driver.clients import Database


def differences_of_heads(db: Database, noted: Iterable[NotedHead]) -> Iterator[tuple[str, str]]:
    """Return (event id, what differs) for each head that is not as it was noted.

    `verify` recomputes the chain; without that the stored hashes prove nothing.
    """
    for each in noted:
        try:
            stored = audit.find(db, each.event, each.head.sequence)
        except UnreadableDocument as spoilt:
            yield each.event, spoilt.description
            continue
        difference = head_difference(each, stored)
        if difference is not None:
            yield each.event, difference

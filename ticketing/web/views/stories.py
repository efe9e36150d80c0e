"""What a story needs beside the audit: how accounts are called, and since when who waited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ticketing.api.http.context import app_context
from ticketing.domain.audit import AuditEntry
from ticketing.domain.events import Event
from ticketing.storage import bookings
from ticketing.storage.accounts import users
from ticketing.web.presenters.story import Telling
from ticketing.web.views.public import the_words


def telling_of(entries: Sequence[AuditEntry], event: Event) -> Telling:
    """Gather what the sentences of these entries speak of."""
    served = {e.booking for e in entries if e.action == "assigned" and e.booking}
    since = bookings.creation_times(app_context.db, served) if served else {}
    return Telling(the_words(), event, accounts_of(entries), since)


def accounts_of(entries: Sequence[AuditEntry]) -> Mapping[str, str]:
    """Return how the accounts are called that did these things."""
    found = users.find_many(app_context.db, {entry.actor for entry in entries})
    return {user.id: user.email for user in found}

"""Verifies accounts against their audit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ticketing.domain.identity.account_verification import account_differences
from ticketing.services.verification.reading import Part, Position, Reading
from ticketing.storage.accounts import second_factors, user_audit, users
from ticketing.storage.documents import UnreadableDocument
from ticketing.storage.driver.clients import Database

# A lot is read within the minutes for which MongoDB keeps a snapshot, and fits into a few MB.
AT_ONCE = 500


def differences_of_accounts(
    db: Database, begin: str = "", reading: Reading | None = None
) -> Iterator[str]:
    """Compare accounts with their audit, so many at a time, each lot as of a single moment."""
    reading = reading or Reading()
    after: str | None = begin
    while after is not None:
        with db.client.start_session(snapshot=True) as session:
            unreadable: list[UnreadableDocument] = []
            found, until = users.after(db, after, AT_ONCE, session, unreadable)
            remaining = {user.id: user for user in found}
            # Who can't be read is named as such; what their entries say can't be compared.
            skipped = {error.id for error in unreadable}
            audit = user_audit.replay(db, after, until, session, unreadable)
            for id_, entries in groupby(audit, lambda entry: entry.user):
                user = remaining.pop(id_, None)
                if id_ not in skipped:
                    yield from (f"user {id_}: {d}" for d in account_differences(user, entries))
            for id_, user in remaining.items():
                yield from (f"user {id_}: {d}" for d in account_differences(user, ()))
            for user in found:
                if user.second_factor and second_factors.is_missing(db, user, session):
                    yield f"user {user.id}: there is no such second factor"
            for error in unreadable:
                yield error.description
        after = until
        if until is not None:
            reading.reached(Position(Part.ACCOUNTS, until))
        reading.between()

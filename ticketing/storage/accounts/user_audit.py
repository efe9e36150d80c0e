"""What has been done to accounts, in MongoDB: an entry for each change, written with it."""

from __future__ import annotations

from collections.abc import Iterable

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from ticketing.domain.identity.account_changes import ACTIONS, UserAuditEntry
from ticketing.storage.documents import Fields, UnreadableDocument, first_readable, read_what_can_be
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading

_NAME = "user_audit"


def insert(db: Database, entry: UserAuditEntry, session: ClientSession) -> None:
    """Add an entry; MongoDB refuses a second one of the same number."""
    db.user_audit.insert_one(_document(entry), session=session)


@reading
def page(db: Database, user_id: str, after: int, limit: int) -> list[UserAuditEntry]:
    """List an account's entries in order, from the first after a sequence number."""

    def find_first(number: int) -> Iterable[Document]:
        conditions = {"user": user_id, "sequence": {"$gt": after}}
        return db.user_audit.find(conditions).sort("sequence").limit(number)

    return first_readable(_NAME, find_first, limit, _entry)


def replay(
    db: Database,
    after: str,
    until: str | None,
    session: ClientSession,
    unreadable: list[UnreadableDocument],
) -> Iterable[UserAuditEntry]:
    """Go through the entries of accounts after one, up to another, by account and number.

    Those that can't be read go to `unreadable`.
    """
    within: Document = {"$gt": after} if until is None else {"$gt": after, "$lte": until}
    found = db.user_audit.find({"user": within}, session=session)
    order = [("user", ASCENDING), ("sequence", ASCENDING)]
    return read_what_can_be(_NAME, found.sort(order), _entry, unreadable)


def _document(entry: UserAuditEntry) -> Document:
    return {
        "user": entry.user,
        "sequence": entry.sequence,
        "action": entry.action,
        "changes": {name: list(pair) for name, pair in entry.changes.items()},
        "actor": entry.actor,
        "at": entry.at,
        "request_id": entry.request_id,
    }


def _entry(fields: Fields) -> UserAuditEntry:
    return UserAuditEntry(
        user=fields.text("user"),
        sequence=fields.whole("sequence", 1),
        action=fields.word("action", ACTIONS),
        changes=_changes(Fields(fields.mapping("changes")), fields.mapping("changes")),
        actor=fields.text("actor"),
        at=fields.moment("at"),
        request_id=fields.text("request_id"),
    )


def _changes(fields: Fields, document: Document) -> dict[str, tuple[object, object]]:
    changes = {}
    for name in document:
        pair = fields.sequence(name)
        if len(pair) != 2 or not all(isinstance(side, str | bool | None) for side in pair):
            raise fields.odd(name)
        changes[name] = (pair[0], pair[1])
    return changes

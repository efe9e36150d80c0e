"""Idempotency records in MongoDB: written in the commit whose response they store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bson import Binary
from pymongo import ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from ticketing.storage.documents import Fields, read, read_what_can_be
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading
from ticketing.storage.driver.units_of_work import Conflict, is_conflict, time_of, utc_now

LIFETIME = timedelta(hours=24)

# MongoDB removes by its own clock alone what has expired: not before that may be two days ahead.
_REMOVED_AFTER = LIFETIME + timedelta(days=2)

# In the place of a fingerprint: no request has it.
_FORGOTTEN = "forgotten"

KeyScope = tuple[str, str]
"""Whose key, and which: two fields, since joined they could collide."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A response as it went out, to go out again byte for byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def location(self) -> str | None:
        """Where what was made is to be found, if this answers a request that made something."""
        return self.headers.get("Location")


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """The response to the first request with this key, stored for 24 hours.

    `fingerprint` tells whether a later request is the same one. `customers` are the ids of those
    whom the response may name.
    """

    caller: str
    key: str
    fingerprint: str
    response: StoredResponse
    customers: frozenset[str] = frozenset()

    @property
    def scope(self) -> KeyScope:
        """Whose key it is, and which."""
        return self.caller, self.key


class KeyTaken(Conflict):
    """Another process is executing a request with the same key at this moment."""


def find_many(
    db: Database, scopes: Collection[KeyScope], session: ClientSession
) -> dict[KeyScope, IdempotencyRecord]:
    """Find the records of these (caller, key) pairs that have not expired.

    What counts is the time compared here; the TTL index only removes what nobody asks for any more.
    """
    if not scopes:
        return {}
    callers, keys = {caller for caller, _ in scopes}, {key for _, key in scopes}
    found = list(
        db.idempotency.find(
            {"key": {"$in": list(keys)}, "caller": {"$in": list(callers)}}, session=session
        )
    )
    now, _ = _times(session)
    asked_for = [document for document in found if (document["caller"], document["key"]) in scopes]
    stored = (read("idempotency", document, _stored) for document in asked_for)
    return {record.scope: record for record, until in stored if until > now}


@reading
def find(db: Database, scope: KeyScope) -> IdempotencyRecord | None:
    """Find the record of a (caller, key) pair that has not expired."""
    with db.client.start_session(snapshot=True) as session:
        return find_many(db, [scope], session).get(scope)


def every(db: Database) -> Iterator[IdempotencyRecord]:
    """Go through all records, some of which may have expired; without those that can't be read."""
    for record, _ in read_what_can_be("idempotency", db.idempotency.find(), _stored):
        yield record


def _stored(fields: Fields) -> tuple[IdempotencyRecord, datetime]:
    headers = fields.mapping("headers")
    response = StoredResponse(
        status=fields.whole("status", 200),
        headers={name: Fields(headers).text(name) for name in headers},
        body=fields.bytes("body"),
    )
    record = IdempotencyRecord(
        fields.text("caller"), fields.text("key"), fields.text("fingerprint"), response
    )
    # Those of before had one time for both.
    return record, fields.moment("good_until" if fields.has("good_until") else "expires_at")


def forget(db: Database, which: Document, session: ClientSession | None = None) -> None:
    """Forget what these responses say and what was asked; whoever asks again with a key is refused.

    What was asked has happened, and once: a key that was gone as well would do it again.
    """
    nothing = {"fingerprint": _FORGOTTEN, "headers": {}, "body": Binary(b""), "customers": []}
    db.idempotency.update_many(which, {"$set": nothing}, session=session)


def _times(session: ClientSession) -> tuple[datetime, datetime]:
    """Return MongoDB's time and this host's, the earlier first.

    A key is stored by the later one and forgotten by the earlier one. So no clock that is wrong by
    itself makes a key forgotten, MongoDB's or a worker's: it is remembered for longer at worst.
    """
    earlier, later = sorted((time_of(session), utc_now()))
    return earlier, later


def insert_many(db: Database, records: Sequence[IdempotencyRecord], session: ClientSession) -> None:
    """Store these responses for `LIFETIME`, each in the place of an expired one with the same key.

    A record that has not expired is never overwritten: the unique index refuses a second one,
    which raises KeyTaken.
    """
    if not records:
        return
    try:
        _replace(db, records, session)
    except PyMongoError as error:
        if is_conflict(error):
            raise KeyTaken from error
        raise


def _replace(db: Database, records: Sequence[IdempotencyRecord], session: ClientSession) -> None:
    now, later = _times(session)
    expired: Document = {
        "$or": [
            {"good_until": {"$lte": now}},
            {"good_until": {"$exists": False}, "expires_at": {"$lte": now}},
        ]
    }
    db.idempotency.bulk_write(
        [
            ReplaceOne(
                {"caller": record.caller, "key": record.key, **expired},
                {
                    "caller": record.caller,
                    "key": record.key,
                    "fingerprint": record.fingerprint,
                    "status": record.response.status,
                    "headers": dict(record.response.headers),
                    "body": Binary(record.response.body),
                    "customers": sorted(record.customers),
                    "good_until": later + LIFETIME,
                    "expires_at": later + _REMOVED_AFTER,
                },
                upsert=True,
            )
            for record in records
        ],
        session=session,
    )

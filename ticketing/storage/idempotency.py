"""Idempotency records in MongoDB: written in the commit whose answer they keep."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bson import Binary
from pymongo import ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from ticketing.domain.keeping import LIFETIME, Answer, Record, Scope
from ticketing.storage.clients import Database
from ticketing.storage.sessions import Conflict, is_conflict, time_of


class KeyTaken(Conflict):
    """Another process is answering a request with the same key at this moment."""


def find_many(
    db: Database, scopes: Collection[Scope], session: ClientSession
) -> dict[Scope, Record]:
    """Find the records of these (caller, key) pairs that have not expired.

    The TTL index cleans up within a minute or so; what counts is the time compared here. It is
    MongoDB's, so that a worker whose clock is wrong neither forgets a key nor makes others do so.
    """
    if not scopes:
        return {}
    callers, keys = {caller for caller, _ in scopes}, {key for _, key in scopes}
    found = list(
        db.idempotency.find(
            {"key": {"$in": list(keys)}, "caller": {"$in": list(callers)}}, session=session
        )
    )
    now = time_of(session)
    records = (
        Record(
            caller=document["caller"],
            key=document["key"],
            fingerprint=document["fingerprint"],
            answer=Answer(document["status"], document["headers"], bytes(document["body"])),
        )
        for document in found
        if document["expires_at"] > now
    )
    return {record.scope: record for record in records if record.scope in scopes}


def keep(db: Database, records: Sequence[Record], session: ClientSession) -> None:
    """Keep these answers for `LIFETIME`, each in the place of an expired one with the same key.

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


def _replace(db: Database, records: Sequence[Record], session: ClientSession) -> None:
    now = time_of(session)
    db.idempotency.bulk_write(
        [
            ReplaceOne(
                {"caller": record.caller, "key": record.key, "expires_at": {"$lte": now}},
                {
                    "caller": record.caller,
                    "key": record.key,
                    "fingerprint": record.fingerprint,
                    "status": record.answer.status,
                    "headers": dict(record.answer.headers),
                    "body": Binary(record.answer.body),
                    "expires_at": now + LIFETIME,
                },
                upsert=True,
            )
            for record in records
        ],
        session=session,
    )

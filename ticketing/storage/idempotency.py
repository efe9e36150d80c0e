"""Idempotency records in MongoDB: written in the commit whose answer they keep."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from bson import Binary
from pymongo import ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from ticketing.domain.keeping import LIFETIME, Answer, Record, Scope
from ticketing.storage.clients import Database
from ticketing.storage.documents import Fields, read
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
    asked_for = [document for document in found if (document["caller"], document["key"]) in scopes]
    kept = (read("idempotency", document, _kept) for document in asked_for)
    return {record.scope: record for record, until in kept if until > now}


def _kept(fields: Fields) -> tuple[Record, datetime]:
    headers = fields.mapping("headers")
    answer = Answer(
        status=fields.whole("status", 200),
        headers={name: Fields(headers).text(name) for name in headers},
        body=fields.bytes("body"),
    )
    record = Record(fields.text("caller"), fields.text("key"), fields.text("fingerprint"), answer)
    return record, fields.moment("expires_at")


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

"""Every collection with its indexes and its validator, in one table.

These are the locks that hold even if the code is wrong: MongoDB itself refuses a second event on a
day, a sequence number used twice and an oversold event, also from somebody's shell. `make migrate`
compares the database with this table and makes what is missing; until then nothing is sold
(`ticketing.storage.driver.fitness`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.cursor import Cursor
from pymongo.errors import DuplicateKeyError

from ticketing.domain.bookings import REASONS
from ticketing.storage.customers import (
    GIVER,
    HAS_KEY,
    OF_A_CUSTOMER,
    OF_A_GIVER,
    OF_AN_ACCOUNT,
    OF_NOBODY,
    SWEEPING,
)
from ticketing.storage.driver.clients import Database, Document, UnsupportedDatabase

# So many questions to MongoDB at once, each on a connection of its own.
_AT_ONCE = 4

_TEXT: Document = {"bsonType": "string"}
_TEXT_OR_NULL: Document = {"bsonType": ["string", "null"]}
_TIME: Document = {"bsonType": "date"}
_WHOLE: Document = {"bsonType": ["int", "long"]}
_COUNT: Document = {**_WHOLE, "minimum": 0}
_POSITIVE: Document = {**_WHOLE, "minimum": 1}


def _document_of(*, optional: Mapping[str, Document] | None = None, **needed: Document) -> Document:
    properties = {**needed, **(optional or {})}
    return {"bsonType": "object", "required": list(needed), "properties": properties}


# As for `OF_A_CUSTOMER`, queries have to say these in the same words. Of bookings:
ACTIVE: Document = {"status": {"$in": ["confirmed", "waiting"]}}
WAITING: Document = {"status": "waiting"}
# Of events: the tombstones of deleted ones are in no list.
LISTED: Document = {"status": {"$in": ["scheduled", "cancelled"]}}
TAKES_PLACE: Document = {"status": "scheduled", "day": {"$type": "string"}}
NOT_YET_EMPTY: Document = {"status": "cancelled", "sold": {"$gt": 0}}
AWAITED: Document = {"waiting": {"$gt": 0}}
# Of users:
ADMINS: Document = {"role": "admin", "active": True}
LEAVING: Document = {"leaving": {"$type": "date"}}
# Of API keys:
GOOD_KEYS: Document = {"good": True}
# Of mail:
UNSENT: Document = {"text": {"$type": "string"}}

# Of bookings, again:
OFFERED: Document = {"offer": {"$type": "string"}}
SHARED: Document = {"shares.customer": {"$type": "string"}}
_SHARE: Document = _document_of(customer=_TEXT, tickets=_POSITIVE)

# Of bookings that were ended when their event was called off: those that had been confirmed. Who
# waited has no total. Again word for word.
OWED: Document = {"reason": "called_off", "total": {"$type": "number"}}

# Of sales over the counter: those that were given back, or ended with their event.
ENDED_SALE: Document = {**OF_NOBODY, "cancelled_at": {"$type": "date"}}


# How long it can be told that a mail has been sent: whom to, and what it said, goes at once.
_KEPT_DONE_MAIL_S = 30 * 86_400

BY_TIME = [("created_at", ASCENDING), ("event", ASCENDING), ("sequence", ASCENDING)]


@dataclass(frozen=True, slots=True)
class CollectionSchema:
    """What one collection has in MongoDB: its validator and its indexes."""

    validator: Document
    indexes: list[IndexModel] = field(default_factory=list)


SCHEMA: dict[str, CollectionSchema] = {
    "events": CollectionSchema(
        validator={
            "$and": [
                {
                    "$jsonSchema": _document_of(
                        _id=_TEXT,
                        name=_TEXT,
                        venue=_TEXT_OR_NULL,
                        day={
                            "bsonType": ["string", "null"],
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                        },
                        capacity=_POSITIVE,
                        price=_COUNT,
                        status={"enum": ["scheduled", "cancelled", "deleted"]},
                        sold=_COUNT,
                        bookings=_COUNT,
                        waiting=_COUNT,
                        revenue=_COUNT,
                        sequence=_POSITIVE,
                        ever_booked={"bsonType": "bool"},
                        created_at=_TIME,
                        optional={"owed_total": _COUNT, "updated_at": _TIME},
                    )
                },
                {"$expr": {"$lte": ["$sold", "$capacity"]}},
            ]
        },
        indexes=[
            IndexModel(
                [("day", ASCENDING)],
                name="one_event_a_day",
                unique=True,
                partialFilterExpression=TAKES_PLACE,
            ),
            IndexModel(
                [("day", ASCENDING), ("_id", ASCENDING)],
                name="listed_by_day",
                partialFilterExpression=LISTED,
            ),
            IndexModel(
                [("created_at", ASCENDING), ("_id", ASCENDING)],
                name="listed_by_creation",
                partialFilterExpression=LISTED,
            ),
            IndexModel([("updated_at", ASCENDING)], name="updated", partialFilterExpression=LISTED),
            # What may be remaining work: few events, whose keys here no sale changes.
            IndexModel(
                [("status", ASCENDING)],
                name="not_yet_empty",
                partialFilterExpression=NOT_YET_EMPTY,
            ),
            IndexModel([("status", ASCENDING)], name="awaited", partialFilterExpression=AWAITED),
        ],
    ),
    "bookings": CollectionSchema(
        validator={
            "$jsonSchema": {
                **_document_of(
                    _id=_TEXT,
                    event=_TEXT,
                    customer=_TEXT_OR_NULL,
                    tickets=_POSITIVE,
                    status={"enum": ["confirmed", "waiting", "cancelled"]},
                    sequence=_POSITIVE,
                    total={"bsonType": ["int", "long", "null"], "minimum": 0},
                    created_at=_TIME,
                    optional={
                        "cancelled_at": _TIME,
                        "reason": {"enum": list(REASONS)},
                        "sold_by": _TEXT,
                        "cancelled_by": _TEXT,
                        "price": _COUNT,
                        "shares": {"bsonType": "array", "items": _SHARE},
                        "offer": _TEXT,
                        "offer_until": _TIME,
                    },
                ),
                # When and why go together, and an active booking has neither.
                "dependencies": {"cancelled_at": ["reason"], "reason": ["cancelled_at"]},
                "anyOf": [
                    {"properties": {"status": {"enum": ["cancelled"]}}},
                    {"not": {"required": ["reason"]}},
                ],
            }
        },
        indexes=[
            IndexModel(
                [("event", ASCENDING), ("sequence", ASCENDING)], name="one_a_sequence", unique=True
            ),
            IndexModel(
                [("event", ASCENDING), ("customer", ASCENDING)],
                name="one_active_a_customer",
                unique=True,
                partialFilterExpression={
                    **ACTIVE,
                    **OF_A_CUSTOMER,
                },
            ),
            # The status in it lets the tickets that are waited for be added up from keys alone.
            IndexModel(
                [("event", ASCENDING), ("status", ASCENDING), ("tickets", ASCENDING)],
                name="largest_waiting",
                partialFilterExpression=WAITING,
            ),
            # Lists of bookings name each status, and MongoDB merges what it finds of each: so one
            # index is enough for those of one status and of all, and for the waiting list. Whoever
            # waits is a customer; that it is said all the same lets a query for those who wait go
            # by this index without a word of customers, and so count them by keys alone. Sales over
            # the counter are not in it, so it costs them nothing.
            IndexModel(
                [("event", ASCENDING), ("status", ASCENDING), ("sequence", ASCENDING)],
                name="of_event",
                partialFilterExpression={"$or": [OF_A_CUSTOMER, WAITING]},
            ),
            # These two have everything in them, so that each serves two lists: one customer's
            # bookings, and all sales, which are nobody's; one seller's sales, and all bookings of
            # customers, which nobody sold.
            IndexModel(
                [("customer", ASCENDING), ("status", ASCENDING), *BY_TIME],
                name="by_customer_and_time",
            ),
            IndexModel(
                [("sold_by", ASCENDING), ("status", ASCENDING), *BY_TIME],
                name="by_seller_and_time",
            ),
            # Few are offered or passed on, so these two cost nearly nothing.
            IndexModel(
                [("offer", ASCENDING)],
                name="one_an_offer",
                unique=True,
                partialFilterExpression=OFFERED,
            ),
            IndexModel(
                [("event", ASCENDING), ("shares.customer", ASCENDING)],
                name="acquired",
                partialFilterExpression=SHARED,
            ),
            # Sales alone are in these two. An event's can be picked out by time and seller without
            # a look at what is not picked.
            IndexModel(
                [
                    ("event", ASCENDING),
                    ("status", ASCENDING),
                    ("sequence", ASCENDING),
                    ("created_at", ASCENDING),
                    ("sold_by", ASCENDING),
                ],
                name="sales_of_event",
                partialFilterExpression=OF_NOBODY,
            ),
            IndexModel(
                [("cancelled_at", ASCENDING), ("event", ASCENDING)],
                name="ended_sales",
                partialFilterExpression=ENDED_SALE,
            ),
            # Nobody is in this one before their event is called off.
            IndexModel(
                [("event", ASCENDING), ("sequence", ASCENDING)],
                name="owed",
                partialFilterExpression=OWED,
            ),
        ],
    ),
    "audit": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                event=_TEXT,
                sequence=_POSITIVE,
                action=_TEXT,
                booking=_TEXT_OR_NULL,
                customer=_TEXT_OR_NULL,
                tickets={"bsonType": ["int", "long", "null"], "minimum": 1},
                total={"bsonType": ["int", "long", "null"], "minimum": 0},
                sold=_COUNT,
                waiting=_COUNT,
                changes={"bsonType": "object"},
                actor=_TEXT,
                at=_TIME,
                request_id=_TEXT,
            )
        },
        indexes=[
            IndexModel(
                [("event", ASCENDING), ("sequence", ASCENDING)], name="one_a_sequence", unique=True
            ),
            IndexModel(
                [("event", ASCENDING), ("customer", ASCENDING), ("sequence", ASCENDING)],
                name="by_customer",
                partialFilterExpression=OF_A_CUSTOMER,
            ),
            # Only what was passed on is in here.
            IndexModel(
                [("event", ASCENDING), (GIVER, ASCENDING), ("sequence", ASCENDING)],
                name="by_giver",
                partialFilterExpression=OF_A_GIVER,
            ),
            IndexModel([("booking", ASCENDING), ("sequence", ASCENDING)], name="by_booking"),
        ],
    ),
    "customers": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                _id=_TEXT,
                name=_TEXT_OR_NULL,
                active={"bsonType": "bool"},
                optional={
                    "key": _TEXT,
                    "user": _TEXT,
                    "created_at": _TIME,
                    "seen_at": _TIME,
                    "idle_since": _TIME,
                    "erased_at": _TIME,
                    # Whose account it was, until an erasure has been gone over again.
                    "sweeping": _TEXT,
                },
            )
        },
        indexes=[
            # Who has been erased has no key any more, and nobody but them.
            IndexModel(
                [("key", ASCENDING)], name="one_a_key", unique=True, partialFilterExpression=HAS_KEY
            ),
            IndexModel(
                [("user", ASCENDING)],
                name="one_an_account",
                unique=True,
                partialFilterExpression=OF_AN_ACCOUNT,
            ),
            IndexModel([("seen_at", ASCENDING)], name="seen", partialFilterExpression=HAS_KEY),
            IndexModel(
                [("erased_at", ASCENDING)], name="sweeping", partialFilterExpression=SWEEPING
            ),
        ],
    ),
    "users": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                _id=_TEXT,
                email=_TEXT,
                email_key=_TEXT,
                role={"enum": ["admin", "staff", "customer"]},
                active={"bsonType": "bool"},
                password_hash=_TEXT,
                generation=_POSITIVE,
                signed_out={"bsonType": "array"},
                created_at=_TIME,
                verified={"bsonType": "bool"},
                sequence=_COUNT,
                # Since when, of somebody who was deactivated and may still be on a list.
                optional={
                    "leaving": _TIME,
                    "customer": _TEXT,
                    "second_factor": _TEXT,
                    "seen_at": _TIME,
                },
            )
        },
        indexes=[
            IndexModel([("email_key", ASCENDING)], name="one_an_email", unique=True),
            IndexModel([("created_at", ASCENDING), ("_id", ASCENDING)], name="by_creation"),
            IndexModel([("role", ASCENDING)], name="admins", partialFilterExpression=ADMINS),
            IndexModel([("leaving", ASCENDING)], name="leaving", partialFilterExpression=LEAVING),
        ],
    ),
    "user_audit": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                user=_TEXT,
                sequence=_POSITIVE,
                action=_TEXT,
                changes={"bsonType": "object"},
                actor=_TEXT,
                at=_TIME,
                request_id=_TEXT,
            )
        },
        indexes=[
            IndexModel(
                [("user", ASCENDING), ("sequence", ASCENDING)], name="one_a_number", unique=True
            ),
        ],
    ),
    "sessions": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                _id=_TEXT,
                user=_TEXT,
                generation=_POSITIVE,
                created_at=_TIME,
                expires_at=_TIME,
                address=_TEXT,
                agent=_TEXT,
            )
        },
        indexes=[
            IndexModel(
                [("user", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)],
                name="by_user",
            ),
            IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=0),
        ],
    ),
    "api_keys": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                _id=_TEXT,
                name=_TEXT,
                role={"enum": ["staff", "customer"]},
                prefix=_TEXT,
                hash=_TEXT,
                created_at=_TIME,
                created_by=_TEXT,
                optional={
                    # Of one that has not been revoked.
                    "good": {"enum": [True]},
                    "last_used_at": _TIME,
                    "revoked_at": _TIME,
                    "revoked_by": _TEXT,
                },
            )
        },
        indexes=[
            IndexModel([("hash", ASCENDING)], name="by_hash", unique=True),
            IndexModel([("created_at", ASCENDING), ("_id", ASCENDING)], name="by_creation"),
            IndexModel(
                [("name", ASCENDING)],
                name="one_a_name",
                unique=True,
                partialFilterExpression=GOOD_KEYS,
            ),
        ],
    ),
    "user_codes": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                _id=_TEXT,
                purpose={"enum": ["verify", "address", "reset"]},
                user=_TEXT,
                key=_TEXT,
                expires_at=_TIME,
                optional={"password_hash": _TEXT, "email": _TEXT},
            )
        },
        indexes=[
            IndexModel([("user", ASCENDING), ("purpose", ASCENDING)], name="by_user"),
            IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=0),
        ],
    ),
    "second_factors": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                _id=_TEXT,
                user=_TEXT,
                secret=_TEXT,
                step=_COUNT,
                recovery={"bsonType": "array", "items": _TEXT},
                # Of one whose first code has not been shown yet.
                optional={"expires_at": _TIME},
            )
        },
        indexes=[
            IndexModel([("user", ASCENDING)], name="by_user"),
            IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=0),
        ],
    ),
    "outbox": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                _id=_TEXT,
                kind=_TEXT,
                user=_TEXT,
                created_at=_TIME,
                due_at=_TIME,
                attempts=_COUNT,
                # What a mail that is done has no more, and what only such a one has.
                optional={"to": _TEXT, "subject": _TEXT, "text": _TEXT, "done_at": _TIME},
            )
        },
        indexes=[
            IndexModel([("due_at", ASCENDING)], name="due", partialFilterExpression=UNSENT),
            IndexModel(
                [("user", ASCENDING), ("kind", ASCENDING), ("created_at", ASCENDING)],
                name="by_user",
            ),
            IndexModel(
                [("done_at", ASCENDING)], name="clean_up", expireAfterSeconds=_KEPT_DONE_MAIL_S
            ),
        ],
    ),
    "idempotency": CollectionSchema(
        validator={
            "$jsonSchema": _document_of(
                caller=_TEXT,
                key=_TEXT,
                fingerprint=_TEXT,
                status=_POSITIVE,
                headers={"bsonType": "object"},
                body={"bsonType": "binData"},
                expires_at=_TIME,
                # Whom the answer names, so that it can be forgotten with them.
                optional={"customers": {"bsonType": "array", "items": _TEXT}},
            )
        },
        indexes=[
            IndexModel([("key", ASCENDING), ("caller", ASCENDING)], name="one_a_key", unique=True),
            IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=0),
        ],
    ),
}


# Indexes of before, which others have taken the place of.
RETIRED: Mapping[str, Set[str]] = {
    "events": {"by_day"},
    "bookings": {
        "by_event",
        "by_customer",
        "active",
        "by_time",
        "waiting_list",
        "of_customer",
        "by_status_and_time",
        "sales_by_time",
        "sales_of_seller",
    },
}


def differences(db: Database) -> list[str]:
    """Name each collection, validator and index that is not as the table says."""
    existing = _options(db)
    indexes = _indexes_of_all(db, [name for name in SCHEMA if name in existing])
    found = []
    for name, schema in SCHEMA.items():
        if name not in existing:
            found.append(f"the collection {name}")
            continue
        if _validation(existing[name]) != _wanted(schema):
            found.append(f"the validator of {name}")
        found += [
            f"the index {index} of {name}"
            for index, wanted in _by_name(schema).items()
            if indexes[name].get(index) != _definition(wanted.document)
        ]
    return found


def misfits(
    db: Database, at_once: int = 10_000, between: Callable[[], None] = lambda: None
) -> Iterator[str]:
    """Name each document that is not what its validator asks of it.

    Each query looks at so many documents: one that looks at all and finds nothing takes longer
    than an operation may. `between` is called between them.
    """
    for name, schema in SCHEMA.items():
        end: _Bound = []
        while True:
            begin, end = end, _bound_after(db[name], end, at_once)
            found = db[name].find({"$nor": [schema.validator]}, {"_id": True})
            for misfit in _between(found, begin, end):
                yield f"the document {misfit['_id']!r} of {name} is not as it has to be"
            between()
            if not end:
                break


# An id of whatever type, as MongoDB takes it for a bound; an empty one is none.
_Bound = list[tuple[str, Any]]


def _bound_after(collection: Collection[Document], begin: _Bound, number: int) -> _Bound:
    """Find the id before which there are so many from the beginning on, if there is one."""
    found = _between(collection.find({}, {"_id": True}), begin, [])
    ids = list(found.sort("_id", ASCENDING).skip(number).limit(1))
    return [("_id", ids[0]["_id"])] if ids else []


def _between(found: Cursor[Document], begin: _Bound, end: _Bound) -> Cursor[Document]:
    """Return what is found from one id on and before another, by the order of all types."""
    found = found.hint([("_id", ASCENDING)])
    found = found.min(begin) if begin else found
    return found.max(end) if end else found


def is_behind(db: Database) -> bool:
    """Return whether `ensure` has something to do."""
    return bool(differences(db)) or any(True for _ in _retired(db))


def ensure(db: Database) -> None:
    """Bring the database to what the table says; doing it again changes nothing.

    An index that goes by a name of the table but is another one is made anew. What is retired is
    dropped, once the rest is there, so that no query is without an index meanwhile; what is neither
    in the table nor retired is somebody else's, and stays. Raises UnsupportedDatabase where
    documents stand against it.
    """
    existing = _options(db)
    for name, schema in SCHEMA.items():
        if name not in existing:
            db.create_collection(name)
        if _validation(existing.get(name, {})) != _wanted(schema):
            _refuse_what_does_not_fit(db, name, schema)
            db.command({"collMod": name, "validator": schema.validator, **_STRICT})
        _ensure_indexes(db, name, schema)
    for name, index in _retired(db):
        db[name].drop_index(index)


def _retired(db: Database) -> Iterator[tuple[str, str]]:
    for name, retired in RETIRED.items():
        for index in sorted(retired & db[name].index_information().keys()):
            yield name, index


def _ensure_indexes(db: Database, name: str, schema: CollectionSchema) -> None:
    in_place = _indexes(db, name)
    for index, wanted in _by_name(schema).items():
        if in_place.get(index) == _definition(wanted.document):
            continue
        if index in in_place:
            db[name].drop_index(index)
        try:
            db[name].create_indexes([wanted])
        except DuplicateKeyError as error:
            twice = (error.details or {}).get("keyValue")
            raise UnsupportedDatabase(
                f"Several documents of {name} have {twice}, and the index {index} is for one "
                "alone: correct or remove the others, then migrate again."
            ) from error


def _refuse_what_does_not_fit(db: Database, name: str, schema: CollectionSchema) -> None:
    """Raise UnsupportedDatabase where a document is not what the validator will ask of it.

    MongoDB itself looks only at what is written from then on, and would refuse to change it.
    """
    misfit = db[name].find_one({"$nor": [schema.validator]}, {"_id": True})
    if misfit is not None:
        raise UnsupportedDatabase(
            f"The document {misfit['_id']!r} of {name} is not as it has to be (see "
            "ticketing/storage/migrations/schema.py): correct or remove it, then migrate again."
        )


# What MongoDB does by itself where a validator is set, unless somebody has set it otherwise.
_STRICT = {"validationLevel": "strict", "validationAction": "error"}


def _wanted(schema: CollectionSchema) -> Document:
    return {"validator": schema.validator, **_STRICT}


def _validation(options: Document) -> Document:
    return {
        "validator": options.get("validator"),
        **{k: options.get(k, v) for k, v in _STRICT.items()},
    }


def _options(db: Database) -> dict[str, Document]:
    return {found["name"]: found.get("options", {}) for found in db.list_collections()}


def _by_name(schema: CollectionSchema) -> dict[str, IndexModel]:
    return {index.document["name"]: index for index in schema.indexes}


def _indexes_of_all(db: Database, names: Sequence[str]) -> dict[str, dict[str, Document]]:
    """Return the indexes of each, asked for together: MongoDB may be a tenth of a second away."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # Each thread has a copy of what is known here: the deadline.
        asked = {name: pool.submit(copy_context().run, _indexes, db, name) for name in names}
        return {name: indexes.result() for name, indexes in asked.items()}


def _indexes(db: Database, name: str) -> dict[str, Document]:
    return {index["name"]: _definition(index) for index in db[name].list_indexes()}


def _definition(index: Mapping[str, Any]) -> Document:
    """Return what makes an index this one: its keys in their order, and its options."""
    options = ("unique", "partialFilterExpression", "expireAfterSeconds")
    return {"keys": list(index["key"].items())} | {
        k: index[k] for k in options if index.get(k) is not None
    }

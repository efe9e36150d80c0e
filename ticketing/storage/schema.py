"""Every collection with its indexes and its validator, in one table.

These are the locks that hold even if the code is wrong: MongoDB itself refuses a second event on a
day, a sequence number used twice and an oversold event, also from somebody's shell. Changing this
table takes a new migration (`ticketing.storage.migrations`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pymongo import ASCENDING, IndexModel

from ticketing.domain.bookings import REASONS
from ticketing.storage.clients import Database, Document
from ticketing.storage.customers import OF_A_CUSTOMER

_TEXT: Document = {"bsonType": "string"}
_TEXT_OR_NULL: Document = {"bsonType": ["string", "null"]}
_TIME: Document = {"bsonType": "date"}
_WHOLE: Document = {"bsonType": ["int", "long"]}
_COUNT: Document = {**_WHOLE, "minimum": 0}
_POSITIVE: Document = {**_WHOLE, "minimum": 1}


def _document_of(**properties: Document) -> Document:
    return {"bsonType": "object", "required": list(properties), "properties": properties}


def _with_optional(schema: Document, **properties: Document) -> Document:
    return {**schema, "properties": {**schema["properties"], **properties}}


_CUSTOMER_OR_NULL: Document = {
    "bsonType": ["object", "null"],
    "required": ["key", "given"],
    "properties": {"key": _TEXT, "given": _TEXT},
}


# Of bookings: as for `OF_A_CUSTOMER`, queries have to say it in the same words.
ACTIVE: Document = {"status": {"$in": ["confirmed", "waiting"]}}

# Of bookings that were ended when their event was called off: those that had been confirmed. Who
# waited has no total. Again word for word.
OWED: Document = {"reason": "called_off", "total": {"$type": "number"}}


BY_TIME = [("created_at", ASCENDING), ("event", ASCENDING), ("sequence", ASCENDING)]


@dataclass(frozen=True, slots=True)
class CollectionSchema:
    """What MongoDB is told about one collection."""

    validator: Document
    indexes: list[IndexModel] = field(default_factory=list)


SCHEMA: dict[str, CollectionSchema] = {
    "events": CollectionSchema(
        validator={
            "$and": [
                {
                    "$jsonSchema": _with_optional(
                        _document_of(
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
                        ),
                        owed_total=_COUNT,
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
                partialFilterExpression={"status": "scheduled", "day": {"$type": "string"}},
            ),
            IndexModel([("day", ASCENDING), ("_id", ASCENDING)], name="by_day"),
        ],
    ),
    "bookings": CollectionSchema(
        validator={
            "$jsonSchema": {
                **_with_optional(
                    _document_of(
                        _id=_TEXT,
                        event=_TEXT,
                        customer=_CUSTOMER_OR_NULL,
                        tickets=_POSITIVE,
                        status={"enum": ["confirmed", "waiting", "cancelled"]},
                        sequence=_POSITIVE,
                        total={"bsonType": ["int", "long", "null"], "minimum": 0},
                        created_at=_TIME,
                    ),
                    cancelled_at=_TIME,
                    reason={"enum": list(REASONS)},
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
                [("event", ASCENDING), ("customer.key", ASCENDING)],
                name="one_active_a_customer",
                unique=True,
                partialFilterExpression={
                    **ACTIVE,
                    **OF_A_CUSTOMER,
                },
            ),
            # Sales over the counter are in none of these, so they cost them nothing.
            IndexModel(
                [("event", ASCENDING), ("status", ASCENDING), ("sequence", ASCENDING)],
                name="waiting_list",
                partialFilterExpression={"status": "waiting"},
            ),
            IndexModel(
                [("event", ASCENDING), ("sequence", ASCENDING)],
                name="of_event",
                partialFilterExpression=OF_A_CUSTOMER,
            ),
            IndexModel(
                [("customer.key", ASCENDING), *BY_TIME],
                name="of_customer",
                partialFilterExpression=OF_A_CUSTOMER,
            ),
            IndexModel(BY_TIME, name="by_time", partialFilterExpression=OF_A_CUSTOMER),
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
                customer=_CUSTOMER_OR_NULL,
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
                [("event", ASCENDING), ("customer.key", ASCENDING), ("sequence", ASCENDING)],
                name="by_customer",
                partialFilterExpression=OF_A_CUSTOMER,
            ),
            IndexModel([("booking", ASCENDING), ("sequence", ASCENDING)], name="by_booking"),
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
            )
        },
        indexes=[
            IndexModel([("email_key", ASCENDING)], name="one_an_email", unique=True),
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
            )
        },
        indexes=[
            IndexModel([("key", ASCENDING), ("caller", ASCENDING)], name="one_a_key", unique=True),
            IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=0),
        ],
    ),
}


def ensure(db: Database) -> None:
    """Bring the database to what the table says; doing it again changes nothing.

    Indexes that are not in the table stay: dropping one is a migration's explicit step.
    """
    existing = set(db.list_collection_names())
    for name, schema in SCHEMA.items():
        if name not in existing:
            db.create_collection(name)
        db.command("collMod", name, validator=schema.validator, validationLevel="strict")
        db[name].create_indexes(schema.indexes)

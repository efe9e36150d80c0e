"""Customers in MongoDB, and how the documents that carry their ids are found and read.

The indexes by customer leave box-office sales out, which have none, and MongoDB takes such an index
only for a query that repeats its condition: word for word, so it stands here once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking
from ticketing.domain.errors import AddressBooked
from ticketing.domain.identity.customers import Customer, CustomerRef, NamedCustomer
from ticketing.storage.documents import (
    CUSTOMERS,
    UnreadableDocument,
    read,
    read_what_can_be,
)
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading
from ticketing.storage.ids import new_id

_NAME = "customers"
_TEXT: Document = {"$type": "string"}

OF_A_CUSTOMER: Document = {"customer": _TEXT}
OF_NOBODY: Document = {"customer": {"$type": "null"}}
OF_AN_ACCOUNT: Document = {"user": _TEXT}
HAS_KEY: Document = {"key": _TEXT}
SWEEPING: Document = {"sweeping": _TEXT}

# In an audit entry, who held a booking until it was passed on.
GIVER = "changes.customer.0"
OF_A_GIVER: Document = {GIVER: _TEXT}

# What an account is known by.
_ADDRESS = {"email": True, "email_key": True}

NOBODY = ""
"""An id that no customer has."""

Holding = TypeVar("Holding", Booking, AuditEntry)


def of_customer(id_: str) -> Document:
    """Select the documents of one customer."""
    return {"customer": {"$eq": id_, **_TEXT}}


def of_giver(id_: str) -> Document:
    """Select the audit entries by which this customer passed a booking on."""
    return {GIVER: {"$eq": id_, **_TEXT}}


def of_customers(ids: Collection[str]) -> Document:
    """Select the documents of these customers."""
    return {"customer": {"$in": list(ids), **_TEXT}}


@reading
def find_named(db: Database, named: NamedCustomer) -> Customer | None:
    """Find who is meant by a name: a customer, by key or id, or the customer of a user's id."""
    meant = find_accounts(db, [named], None).get(named.key, named)
    _, named_so = referred(db.customers.find(meant_by([meant])), [meant])
    return named_so.get(meant.key)


@reading
def find(db: Database, id_: str) -> Customer | None:
    """Find a customer by id."""
    return find_many(db, {id_}, None).get(id_)


def find_accounts(
    db: Database, refs: Sequence[CustomerRef], session: ClientSession | None
) -> dict[str, NamedCustomer]:
    """Find, by the key named, whom the ids of accounts mean that are no customer's yet.

    What is booked for such an account is for its address, and the account's once that is shown.
    Nothing is read where nobody is named by what may be an id.
    """
    named = [ref for ref in refs if isinstance(ref, NamedCustomer) and ref.id is not None]
    if not named:
        return {}
    ids = {"_id": {"$in": [ref.id for ref in named]}, "customer": None}
    found = {user["_id"]: user for user in db.users.find(ids, _ADDRESS, session=session)}
    return {
        ref.key: NamedCustomer(user["email_key"], user["email"], ref.new_id)
        for ref in named
        if ref.id is not None and (user := found.get(ref.id)) is not None
    }


def meant_by(refs: Iterable[CustomerRef]) -> Document | None:
    """Select who may be meant: by key, by id, or by the id of their account; None for nobody."""
    keys = [ref.key for ref in refs if isinstance(ref, NamedCustomer)]
    ids = [ref.id for ref in refs if ref.id is not None]
    users = [ref.id for ref in refs if isinstance(ref, NamedCustomer) and ref.id is not None]
    meant: list[Document] = []
    if keys:
        meant.append({"key": {"$in": keys, **_TEXT}})
    if ids:
        meant.append({"_id": {"$in": ids}})
    if users:
        meant.append({"user": {"$in": users, **_TEXT}})
    return any_of(meant)


def any_of(conditions: Sequence[Document]) -> Document | None:
    """Select what meets one of these conditions; None where there is none."""
    if len(conditions) > 1:
        return {"$or": list(conditions)}
    return conditions[0] if conditions else None


def referred(
    documents: Iterable[Document], refs: Iterable[CustomerRef]
) -> tuple[dict[str, Customer], dict[str, Customer]]:
    """Return who was meant: all by id, and those who were named by the key named."""
    found = [_read(document) for document in documents]
    named = {
        ref.key: customer
        for ref in refs
        if isinstance(ref, NamedCustomer) and (customer := _matching(found, ref))
    }
    return {customer.id: customer for customer in found}, named


def find_many(
    db: Database, ids: Collection[str], session: ClientSession | None
) -> dict[str, Customer]:
    """Find customers by id."""
    if not ids:
        return {}
    documents = db.customers.find({"_id": {"$in": list(ids)}}, session=session)
    return {document["_id"]: _read(document) for document in documents}


def missing(
    db: Database,
    ids: Collection[str],
    session: ClientSession,
    unreadable: list[UnreadableDocument],
) -> set[str]:
    """Find which of these customers are not there; those that can't be read go to `unreadable`."""
    if not ids:
        return set()
    documents = list(db.customers.find({"_id": {"$in": list(ids)}}, session=session))
    for _ in read_what_can_be(_NAME, documents, CUSTOMERS.decode, unreadable):
        pass
    return set(ids) - {document["_id"] for document in documents}


def insert_many(db: Database, customers: Sequence[Customer], session: ClientSession) -> None:
    """Add customers; MongoDB refuses a second one with a key, which is a conflict.

    So where two commits make the same customer the loser is decided anew, and finds them.
    """
    db.customers.insert_many(
        [CUSTOMERS.encode(customer) for customer in customers], session=session
    )


def claim(
    db: Database, key: str, name: str, user: str, now: datetime, session: ClientSession | None
) -> Customer:
    """Return the customer with this key, who from now on has this account; make one if need be."""
    customer = Customer(new_id(), name, key, created_at=now)
    # The filter gives `key`, and two operators can't both set `active`.
    initially = {k: v for k, v in CUSTOMERS.encode(customer).items() if k not in ("key", "active")}
    document = db.customers.find_one_and_update(
        {"key": key},
        {"$set": {"user": user, "active": True}, "$setOnInsert": initially},
        upsert=True,
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    assert document is not None, "an upsert that returns what is there afterwards"
    return _read(document)


def rename(db: Database, id_: str, key: str, name: str, session: ClientSession) -> None:
    """Rename a customer to another address; raises AddressBooked where there is one with it."""
    try:
        db.customers.update_one({"_id": id_}, {"$set": {"key": key, "name": name}}, session=session)
    except DuplicateKeyError:
        raise AddressBooked from None


def set_active(db: Database, user: str, session: ClientSession | None, *, active: bool) -> None:
    """Note of the customer of an account whether it is active."""
    db.customers.update_one({"user": user}, {"$set": {"active": active}}, session=session)


def attach(
    db: Database, holding: Sequence[Holding], session: ClientSession | None = None
) -> list[Holding]:
    """Return bookings or audit entries with their customers as they are called, in one read.

    What refers to a customer who is not there keeps the id alone; `verify` tells of it.
    """
    return attached(holding, find_many(db, ids_of(holding), session))


def attached(holding: Iterable[Holding], known: Mapping[str, Customer]) -> list[Holding]:
    """Return bookings or audit entries with those of their customers that are known."""
    return [_with(each, known) for each in holding]


def ids_of(holding: Iterable[Holding]) -> set[str]:
    """Return the ids of all customers that bookings or audit entries name."""
    return {customer.id for each in holding for customer in customers_of(each)}


def customers_of(holding: Holding) -> Iterable[Customer]:
    """Return whom a booking or an audit entry names: both sides of what was passed on."""
    if holding.customer is not None:
        yield holding.customer
    if isinstance(holding, AuditEntry):
        for side in holding.changes.get("customer", ()):
            if isinstance(side, Customer):
                yield side


def _with(holding: Holding, known: Mapping[str, Customer]) -> Holding:
    def named(customer: object) -> object:
        return known.get(customer.id, customer) if isinstance(customer, Customer) else customer

    if holding.customer is not None and holding.customer.id in known:
        holding = replace(holding, customer=known[holding.customer.id])
    if isinstance(holding, AuditEntry) and "customer" in holding.changes:
        old, new = holding.changes["customer"]
        changes = {**holding.changes, "customer": (named(old), named(new))}
        holding = replace(holding, changes=changes)
    return holding


def _matching(found: Iterable[Customer], named: NamedCustomer) -> Customer | None:
    """Return who is meant; an id is meant before a name that looks like one."""
    by_id = [c for c in found if named.id is not None and named.id in (c.id, c.user)]
    return next(iter([*by_id, *(c for c in found if c.key == named.key)]), None)


def _read(document: Document) -> Customer:
    return read(_NAME, document, CUSTOMERS.decode)

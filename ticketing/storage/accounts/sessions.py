"""Where a user is signed in: a document for each token that was given out, until it expires."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ticketing.domain.identity.users import User
from ticketing.domain.places import Place, Row
from ticketing.storage.documents import Fields, first_readable, read
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading, writing
from ticketing.storage.lists import by_creation

_NAME = "sessions"


@dataclass(frozen=True, slots=True)
class Session:
    """A token by its id; `address` and `agent`, where it was asked for, are for its user to see."""

    id: str
    user: str
    generation: int
    created_at: datetime
    expires_at: datetime
    address: str
    agent: str


@writing
def insert(db: Database, session: Session) -> None:
    """Add a session."""
    db.sessions.insert_one(
        {
            "_id": session.id,
            "user": session.user,
            "generation": session.generation,
            "created_at": session.created_at,
            "expires_at": session.expires_at,
            "address": session.address,
            "agent": session.agent,
        }
    )


@reading
def page(db: Database, user: User, now: datetime, after: Place, limit: int) -> list[Session]:
    """List a user's sessions that are good, by time, from the first after a place."""
    conditions = {"$and": [_good(user, now), by_creation.beyond(after)]}

    def find_first(number: int) -> Iterable[Document]:
        return db.sessions.find(conditions).sort(by_creation.ORDER).limit(number)

    return first_readable(_NAME, find_first, limit, _session)


def row_of(session: Session) -> Row:
    """Return what a session is ordered by in the list."""
    return by_creation.row_of(session.id, session.created_at)


@reading
def find(db: Database, user: User, id_: str, now: datetime) -> Session | None:
    """Find one of a user's sessions, if it is good."""
    document = db.sessions.find_one({"$and": [{"_id": id_}, _good(user, now)]})
    return read(_NAME, document, _session) if document else None


def _good(user: User, now: datetime) -> Document:
    return {
        "user": user.id,
        "_id": {"$nin": list(user.signed_out)},
        "generation": user.generation,
        "expires_at": {"$gt": now},
    }


def _session(fields: Fields) -> Session:
    return Session(
        id=fields.text("_id"),
        user=fields.text("user"),
        generation=fields.whole("generation", 1),
        created_at=fields.moment("created_at"),
        expires_at=fields.moment("expires_at"),
        address=fields.text("address"),
        agent=fields.text("agent"),
    )

"""Mail that is to be sent, written in the same commit as what it is about.

A mail that is done keeps its number and its kind, and nothing of whom it went to or what it said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from ticketing.storage import leases
from ticketing.storage.documents import Fields, read
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import writing
from ticketing.storage.migrations.schema import UNSENT

_NAME = "outbox"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail; `attempts` is how often somebody has taken it to send it."""

    id: str
    kind: str
    user: str
    to: str
    subject: str
    text: str
    attempts: int


def insert(
    db: Database, mail: Mail, now: datetime, session: ClientSession, *, withheld: bool = False
) -> None:
    """Add a mail, due at once; one that is `withheld` is written all the same, and never sent."""
    document: Document = {
        "_id": mail.id,
        "kind": mail.kind,
        "user": mail.user,
        "created_at": now,
        "due_at": now,
        "attempts": 0,
    }
    if withheld:
        document["done_at"] = now
    else:
        document |= {"to": mail.to, "subject": mail.subject, "text": mail.text}
    db.outbox.insert_one(document, session=session)


def written_since(
    db: Database, user: str, kind: str, since: datetime, session: ClientSession
) -> int:
    """Count the mails of this kind that were written to a user after a moment."""
    wanted = {"user": user, "kind": kind, "created_at": {"$gt": since}}
    return db.outbox.count_documents(wanted, session=session)


def take(db: Database, lease_s: float) -> Mail | None:
    """Take a mail that is due; if it is not finished by then, it is due again after the lease.

    One that is due later than any may be was written by a clock that was ahead: it is due as well.
    """
    # Mostly there is nothing, and every worker looks: a read by the index, no write and no clock.
    if db.outbox.find_one(UNSENT, {"_id": True}) is None:
        return None
    now = leases.time_at(db)
    latest = now + timedelta(seconds=lease_s) + leases.AHEAD
    is_due = [{"due_at": {"$lte": now}}, {"due_at": {"$gt": latest}}]
    document = db.outbox.find_one_and_update(
        {**UNSENT, "$or": is_due},
        {"$set": {"due_at": now + timedelta(seconds=lease_s)}, "$inc": {"attempts": 1}},
        sort=[("due_at", 1)],
        return_document=ReturnDocument.AFTER,
    )
    return read(_NAME, document, _mail) if document else None


@writing
def delay(db: Database, id_: str, seconds: float) -> None:
    """Delay a mail, to be tried again after a while."""
    due_at = leases.time_at(db) + timedelta(seconds=seconds)
    db.outbox.update_one({"_id": id_}, {"$set": {"due_at": due_at}})


@writing
def finish(db: Database, id_: str) -> None:
    """Note that a mail has been taken, or refused for good, and forget what it said and to whom."""
    db.outbox.update_one(
        {"_id": id_},
        {"$currentDate": {"done_at": True}, "$unset": {"to": True, "subject": True, "text": True}},
    )


def _mail(fields: Fields) -> Mail:
    return Mail(
        id=fields.text("_id"),
        kind=fields.text("kind"),
        user=fields.text("user"),
        to=fields.text("to"),
        subject=fields.text("subject"),
        text=fields.text("text"),
        attempts=fields.whole("attempts"),
    )

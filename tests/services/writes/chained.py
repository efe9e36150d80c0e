"""What a version of before does to a chain in MongoDB, and what whoever may write there can do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ticketing.domain.changes.chain import Head, next_head
from ticketing.domain.commands.command import AnyCommand
from ticketing.domain.identity.caller import Caller
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.documents import AUDIT, Fields
from ticketing.storage.driver.clients import Database, Document


def entries_of(db: Database, event: str) -> list[Document]:
    return list(db.audit.find({"event": event}).sort("sequence"))


def heads_of(db: Database, event: str) -> dict[int, str]:
    """The head after each entry, as a receipt would have named it."""
    return {e["sequence"]: f"{e['sequence']}:{e['hash']}" for e in entries_of(db, event)}


def as_before(
    db: Database, handler: CommandHandler, event: str, command: AnyCommand, caller: Caller
) -> None:
    """Execute a command and leave what a version does that knows nothing of chains."""
    old: Any = db.events.find_one({"_id": event}) or {}
    handler.execute(command, on=event, caller=caller)
    new = {"event": event, "sequence": {"$gt": old.get("sequence", 0)}}
    db.audit.update_many(new, {"$unset": {"hash": 1}})
    head = {"$set": {"head": old["head"]}} if "head" in old else {"$unset": {"head": 1}}
    db.events.update_one({"_id": event}, head)


def chain_anew(db: Database, event: str) -> None:
    """Compute all hashes again, as somebody does who has changed an entry and knows how."""
    head: Head | None = None
    for document in entries_of(db, event):
        entry = replace(AUDIT.decode(Fields(document)), hash=None)
        head = next_head(head, entry)
        db.audit.update_one({"_id": document["_id"]}, {"$set": {"hash": head.hash}})
    db.events.update_one({"_id": event}, {"$set": {"head": str(head)}})

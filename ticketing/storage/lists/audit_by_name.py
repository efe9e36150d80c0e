"""An event's audit, found by a part of the names that its entries have."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from pymongo import DESCENDING

from ticketing.domain.audit import AuditEntry
from ticketing.domain.identity.searching import fold
from ticketing.storage.customers import attach, customers_of
from ticketing.storage.documents import AT_ONCE, AUDIT, Matches, first_matching
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading


@reading
def newest(
    db: Database, event: str, part: str, before: int | None, limit: int
) -> Matches[AuditEntry]:
    """List entries of one event before a sequence whose giver's or taker's name has this part.

    The newest come first. Case and accents don't count. No index finds them, so one call looks at a
    part of a large event.
    """
    looked_for = fold(part)
    bounds = {"$gt": 0} if before is None else {"$gt": 0, "$lt": before}

    def find_first(number: int) -> Iterable[Document]:
        found = db.audit.find({"event": event, "sequence": bounds}).sort("sequence", DESCENDING)
        return found.batch_size(AT_ONCE).limit(number)

    def matches(entry: AuditEntry) -> bool:
        names = (customer.name for customer in customers_of(entry))
        return any(name is not None and looked_for in fold(name) for name in names)

    return first_matching(
        "audit", find_first, limit, AUDIT.decode, matches, complete=partial(attach, db)
    )

"""An event's bookings, found by a part of their customers' names."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from pymongo import ASCENDING

from ticketing.domain.bookings import Booking
from ticketing.domain.identity.searching import fold
from ticketing.storage.bookings import Filter, wanted_by
from ticketing.storage.customers import attach
from ticketing.storage.documents import AT_ONCE, BOOKINGS, Matches, first_matching
from ticketing.storage.driver.clients import Database, Document
from ticketing.storage.driver.reads import reading


@reading
def page_of_event(
    db: Database, wanted: Filter, part: str, after: int, limit: int
) -> Matches[Booking]:
    """List customers' bookings of one event whose names have this part, from after a sequence.

    Case and accents don't count. No index finds them, so one call looks at a part of a large event.
    """
    looked_for = fold(part)
    conditions = {**wanted_by(wanted), "sequence": {"$gt": after}}

    def find_first(number: int) -> Iterable[Document]:
        found = db.bookings.find(conditions).sort("sequence", ASCENDING)
        return found.batch_size(AT_ONCE).limit(number)

    def matches(booking: Booking) -> bool:
        name = booking.customer.name if booking.customer else None
        return name is not None and looked_for in fold(name)

    return first_matching(
        "bookings", find_first, limit, BOOKINGS.decode, matches, complete=partial(attach, db)
    )

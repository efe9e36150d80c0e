"""`verify`: all events one after the other, and what concerns the whole database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from ticketing.services import stored_responses
from ticketing.services.verification.accounts import differences_of_accounts
from ticketing.services.verification.events import AT_ONCE, differences_of_event
from ticketing.services.verification.reading import Part, Position, Reading
from ticketing.services.verification.scratch import Scratch
from ticketing.storage import audit, bookings, events
from ticketing.storage.driver import fitness
from ticketing.storage.driver.clients import Database
from ticketing.storage.migrations import schema


def verify(
    db: Database,
    event_id: str | None = None,
    reading: Reading | None = None,
    *,
    begin: Position | None = None,
    at_once: int = AT_ONCE,
) -> Iterator[tuple[str, str]]:
    """Return (event id, what differs) for each difference, of all events or of one.

    `reading` counts what is read, `at_once` documents of a kind in one step. What concerns the
    whole database comes last, under "": where there is nothing in it, nothing can be missing. What
    was before `begin` is left out.
    """
    reading = reading or Reading()
    begin = begin or Position()
    if begin.part is Part.EVENTS:
        ids = [event_id] if event_id is not None else _ids(db, begin.after)
        with closing(Scratch()) as scratch:
            for id_ in ids:
                for difference in differences_of_event(db, id_, scratch, reading, at_once):
                    yield id_, difference
                reading.reached(Position(Part.EVENTS, str(id_)))
    if event_id is None:
        if begin.part is not Part.DATABASE:
            after = begin.after if begin.part is Part.ACCOUNTS else ""
            for difference in differences_of_accounts(db, after, reading):
                yield "", difference
            reading.reached(Position(Part.DATABASE))
        yield from _strays(db)
        for sentence in schema.misfits(db, between=reading.between):
            yield "", sentence
        for sentence in stored_responses.invented(db):
            yield "", sentence
    if not reading.is_empty:
        for sentence in fitness.look(db).sentences:
            yield "", sentence


def _ids(db: Database, after: str) -> list[str]:
    """List the events that come after one, in their order."""
    return [id_ for id_ in events.all_ids(db) if str(id_) > after]


def _strays(db: Database) -> Iterator[tuple[str, str]]:
    """Find what belongs to no event."""
    # An event is there before what belongs to it, so those that are known have to be read last.
    named = [("bookings", bookings.event_ids(db)), ("audit", audit.event_ids(db))]
    known = set(map(str, events.all_ids(db)))
    for name, found in named:
        for id_ in sorted(found - known):
            yield id_, f"{name}: there is no such event"

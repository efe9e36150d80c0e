"""Who has left does not show again; until then an export tells all that is kept about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.faults.judging.past.court import Court, Past
from tests.faults.judging.past.replay import Held
from tests.faults.load.history import Operation, Sight

# What is compared of an entry in an export.
_TOLD = ("event", "sequence", "action", "booking", "nTickets")

_GETS = {"sold", "booked", "waitlisted", "transferred", "moved_in"}


def shown_again(court: Court, sights: Iterable[Sight]) -> Iterator[str]:
    """Find answers and reads that name somebody who was erased before they were asked for.

    Who has been named again since then is somebody new, so that their name may show.
    """
    gone = {
        operation.person: operation.ended
        for operation in court.erased.values()
        if operation.person is not None and not _has_come_again(court, operation)
    }
    for sight in sights:
        for name in _named(gone, sight.began, sight.body):
            yield f"{sight.kind}: it names {name}, who was erased before"
        erased = court.erased.get(sight.subject)
        if sight.kind not in ("customer", "export"):
            continue
        if sight.status == 200 and erased is not None and erased.ended < sight.began:
            yield f"{sight.kind}: it shows {sight.subject}, who was erased before"
        if sight.status == 404 and not _may_be_gone(court, sight.subject, sight.ended):
            yield f"{sight.kind}: {sight.subject} is not there, and nobody has erased them"
    for operation in court.history:
        if operation.answer is not None:
            for name in _named(gone, operation.began, operation.answer.body):
                yield f"{operation.kind}: it names {name}, who was erased before: {operation.path}"


def not_left(court: Court) -> Iterator[str]:
    """Find who waits though they were erased, or got something since, or was not there at all."""
    for customer, erased in court.erased.items():
        for past in court.pasts.values():
            yield from _holds_on(court, past, customer, erased)
    for operation in court.history:
        if operation.kind != "erase" or operation.answer is None:
            continue
        yield from _gave_up(court, operation)
        if operation.answer.status == 404 and not _may_be_gone(
            court, operation.subject, operation.ended, asked_by=operation
        ):
            yield f"erase: {operation.subject} was not there, and nobody had erased them"
        elif operation.answer.status not in (204, 404):
            yield f"erase: refused with {operation.answer.status}: {operation.path}"


def incomplete(court: Court, sights: Iterable[Sight]) -> Iterator[str]:
    """Find exports that leave something out, or tell what never was so."""
    for sight in sights:
        if sight.kind == "export" and sight.status == 200:
            try:
                yield from _export(court, sight)
            except (LookupError, TypeError, ValueError) as error:
                yield f"export: it can't be read: {error!r}"


def _export(court: Court, sight: Sight) -> Iterator[str]:
    told = sight.json
    if told["customer"]["id"] != sight.subject:
        yield f"export: {told['customer']['id']} is not {sight.subject}, who was asked for"
    bookings = {row["id"]: row for row in told["bookings"]}
    for past in court.pasts.values():
        yield from _bookings(past, sight, bookings)
    yield from _audit(court, sight, told["audit"])


def _named(gone: Mapping[str, float], began: float, body: bytes) -> Iterator[str]:
    return (name for name, at in gone.items() if at < began and name and name.encode() in body)


def _has_come_again(court: Court, erased: Operation) -> bool:
    return any(
        operation.person == erased.person and operation.ended > erased.began
        for operation in court.history
        if operation.kind != "erase"
    )


def _may_be_gone(
    court: Court, customer: str, by: float, *, asked_by: Operation | None = None
) -> bool:
    """Tell whether somebody was erasing a customer; who asks for it may have been so themselves."""
    return any(
        operation.began <= by and (operation is not asked_by or operation.attempts > 1)
        for operation in court.history
        if operation.kind == "erase" and operation.subject == customer
    )


def _holds_on(court: Court, past: Past, customer: str, erased: Operation) -> Iterator[str]:
    last = len(past.replay.entries) - 1
    if any(held.status == "waiting" for held in past.replay.held_by(customer, last)):
        yield f"{customer} was erased and waits for {past.event}"
    asked = {operation.key: operation.began for operation in court.history}
    for entry in past.replay.entries[1:]:
        late = asked.get(entry["request_id"], 0) > erased.ended
        if late and entry["customer"] == customer and entry["action"] in _GETS:
            yield f"{customer} was erased, and then {entry['action']} in {past.event}"


def _gave_up(court: Court, operation: Operation) -> Iterator[str]:
    """What an erasure changes is places in lines, of whoever is erased and nobody else."""
    for event, number in court.made.get(operation.key, ()):
        past = court.pasts[event]
        entry = past.replay.entries[number]
        if entry["action"] == "assigned":
            continue
        before = past.replay.at(entry["booking"] or "", number - 1)
        if (
            entry["action"] != "cancelled" or before is None
            or (before.status, before.customer) != ("waiting", operation.subject)
        ):  # fmt: skip
            yield f"erase: it has {entry['action']} {entry['booking']} in {event}"


def _bookings(past: Past, sight: Sight, told: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    moments = past.moments(sight.began, sight.ended)
    for id_ in past.replay.bookings:
        held = [past.replay.at(id_, number) for number in moments]
        theirs = [one for one in held if one is not None and one.customer == sight.subject]
        row = told.get(id_)
        if row is None and theirs and len(theirs) == len(held):
            yield f"export: booking {id_} of {sight.subject} is left out"
        is_here = row is not None and row["event"] == past.event
        if row is not None and is_here and not any(_is_so(one, row) for one in theirs):
            yield f"export: booking {id_} never was as {dict(row)}"


def _is_so(held: Held, row: Mapping[str, Any]) -> bool:
    total = None if row["total"] is None else round(row["total"] * 100)
    return (held.status, held.tickets, held.total) == (row["status"], row["nTickets"], total)


def _audit(court: Court, sight: Sight, told: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    known, due = set(), set()
    for past in court.pasts.values():
        oldest, latest = past.order.oldest(sight.began), past.order.latest(sight.ended)
        for number, entry in enumerate(past.replay.entries[1 : latest + 1], 1):
            row = past.event, number, entry["action"], entry["booking"], entry["tickets"]
            known.add(row)
            if number <= oldest and entry["customer"] == sight.subject:
                due.add(row)
    rows = {tuple(row[name] for name in _TOLD) for row in told}
    yield from (f"export: change {row} is left out" for row in due - rows)
    yield from (f"export: there was no change {row}" for row in rows - known)

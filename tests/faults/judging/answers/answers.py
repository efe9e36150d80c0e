"""Every answer that grants something tells what the trail tells of that very change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.faults.judging.answers.refusals import booking_of
from tests.faults.judging.past.court import Court, Past
from tests.faults.judging.past.replay import Held
from tests.faults.load.history import Operation

_MOST_NAMED = 100
_FOR_SOMEBODY = {"book", "accept", "pass on", "cancel for"}


def untrue(court: Court) -> Iterator[str]:
    """Find granted answers that are not what their change has come to."""
    for operation in court.history:
        if operation.granted:
            for fault in _faults(court, operation):
                yield f"{operation.kind}: {fault}: {operation.method} {operation.path}"


def _faults(court: Court, operation: Operation) -> Iterator[str]:
    assert operation.answer is not None
    if operation.kind == "erase":
        return  # the judge of who has left tells of it
    told = operation.answer.json if operation.answer.body else {}
    found = change_of(court, operation)
    if found is None:
        if operation.kind == "cancel for":
            yield "granted, and nothing has changed"
        elif operation.kind in ("cancel", "return", "withdraw"):
            yield from _nothing_changed(court, operation, told)
        elif operation.kind == "change":
            yield from _as_it_was(court, operation)
        return
    past, number = found
    entry = past.replay.entries[number]
    if operation.kind in ("create", "change"):
        yield from _of_event(past, number, operation, told)
        return
    if operation.kind == "call off":
        yield from _owed(past, number, told)
        return
    if operation.kind == "delete":
        yield from _deleted(past, number, operation)
        return
    held = past.replay.at(entry["booking"], number)
    if operation.kind == "offer" or held is None:
        return
    if operation.via != "page" and operation.kind != "cancel for" and "id" not in told:
        yield "told of no booking"
        return
    if told.get("id", entry["booking"]) != entry["booking"]:
        yield f"told of {told['id']}, but {entry['booking']} was changed"
    if operation.kind in ("resize", "cancel", "return", "move") or "assigned" in told:
        yield from _served(court, operation, past, number, told)
    yield from _asked(court, operation, past, number, entry["booking"])
    if operation.kind == "cancel for" or operation.via == "page":
        return  # a brief says no more, and a page leads to another, which is looked at by itself
    last = number + len(past.replay.following(number))
    yield from _figures(past, last, told, past.replay.at(entry["booking"], last) or held)


def change_of(court: Court, operation: Operation) -> tuple[Past, int] | None:
    """Return which change an operation has made; a move's is where the booking arrived.

    Who was erased while they asked may have booked twice, as two customers: then it is the one that
    the answer tells of.
    """
    changes = [
        (court.pasts[event], number)
        for event, number in court.made.get(operation.key, ())
        if (entry := court.pasts[event].replay.entries[number])["actor"] != "office"
        if entry["action"] not in ("assigned", "moved_out")
    ]
    if len(changes) > 1 and operation.answer is not None and operation.answer.body:
        id_ = operation.answer.json.get("id")
        changes.sort(key=lambda change: change[0].replay.entries[change[1]]["booking"] != id_)
    return next(iter(changes), None)


def _figures(past: Past, number: int, told: Mapping[str, Any], held: Held) -> Iterator[str]:
    """Compare a booking in an answer with what it was after that change."""
    total = None if told["total"] is None else round(told["total"] * 100)
    is_ = {"event": past.event, "nTickets": held.tickets, "status": held.status}
    if "customerId" in told:
        is_["customerId"] = held.customer
    wrong = {name: (told[name], value) for name, value in is_.items() if told[name] != value}
    if total != held.total:
        wrong["total"] = (total, held.total)
    queue = past.replay.queues[number]
    place = queue.index(told["id"]) + 1 if told["id"] in queue else None
    if told.get("position") != place:
        wrong["position"] = (told.get("position"), place)
    for name, (said, really) in wrong.items():
        yield f"{name} was told as {said} and is {really} at change {number}"


def _served(
    court: Court, operation: Operation, past: Past, number: int, told: Mapping[str, Any]
) -> Iterator[str]:
    """Compare who is told to have got tickets with who did in the commit of that change."""
    if operation.kind == "move":
        left = [
            (court.pasts[event], n)
            for event, n in court.made[operation.key]
            if court.pasts[event].replay.entries[n]["action"] == "moved_out"
        ]
        if len(left) != 1:
            return  # the judge of moves tells of it
        ((past, number),) = left
    served = past.replay.following(number)
    named = [one["id"] for one in told["assigned"]]
    if named != list(served[:_MOST_NAMED]) or told["assignedCount"] != len(served):
        yield f"told that {named} got tickets, and {list(served)} did"


def _asked(
    court: Court, operation: Operation, past: Past, number: int, booking: str
) -> Iterator[str]:
    """Compare what was granted with what was asked, at the price of that moment."""
    body = operation.body or {}
    before = past.replay.at(booking, number - 1)
    held, price = past.replay.at(booking, number), past.replay.prices[number - 1]
    if held is None:
        return
    if operation.kind in ("book", "sell", "resize") and held.tickets != body.get("nTickets", 1):
        yield f"{held.tickets} tickets, {body.get('nTickets', 1)} asked for"
    meant = court.customers(operation.person, operation.began)
    if operation.kind in _FOR_SOMEBODY and held.customer not in meant:
        yield f"{operation.person} was meant, and {held.customer} has it"
    if operation.kind in ("book", "cancel for") and past.event != operation.subject:
        yield f"{operation.subject} was meant, and it was done in {past.event}"
    if operation.kind == "cancel for" and (before is None or held.status != "cancelled"):
        yield f"a booking is {held.status}, and was to be cancelled"
    if operation.kind == "accept":
        offered = court.codes.get(body["code"])
        if offered is None or before is None or before.offer != offered.key:
            yield "granted by a code that was not good"
    if operation.kind == "move" and past.event != body["event"]:
        yield f"asked to go to {body['event']}, and went to {past.event}"
    due = _due(operation.kind, held, before, price)
    if held.total != due:
        yield f"costs {held.total}, and {due} is due"


def _due(kind: str, held: Held, before: Held | None, price: int) -> int | None:
    if held.status == "waiting":
        return None
    if before is None or kind == "move":
        return held.tickets * price
    if before.total is None or kind != "resize":
        return before.total
    if held.tickets > before.tickets:
        return before.total + (held.tickets - before.tickets) * price
    return before.total * held.tickets // before.tickets


def _nothing_changed(court: Court, operation: Operation, told: Mapping[str, Any]) -> Iterator[str]:
    """It was over before; a withdrawal may also find that nothing was offered."""
    booking = booking_of(court, operation) or ""
    moments = [
        held
        for past in court.where(booking)
        for number in past.moments(operation.began, operation.ended)
        if (held := past.replay.at(booking, number)) is not None
    ]
    if operation.kind == "withdraw":
        explained = any(held.offer is None for held in moments)
    else:
        explained = any(held.status == "cancelled" for held in moments)
    if not explained or told.get("assigned"):
        yield "granted, and nothing has changed"


def _as_it_was(court: Court, operation: Operation) -> Iterator[str]:
    """A change that changes nothing asks for what is so already."""
    past, body = court.pasts.get(operation.subject), operation.body or {}
    explained = past is not None and any(
        body.get("capacity", past.timeline.states[number].capacity)
        == past.timeline.states[number].capacity
        and round(body.get("costPerTicket", past.replay.prices[number] / 100) * 100)
        == past.replay.prices[number]
        and "date" not in body  # nobody asks for a day twice
        for number in past.moments(operation.began, operation.ended)
    )
    if not explained:
        yield "granted, and nothing has changed"


def _owed(past: Past, number: int, told: Mapping[str, Any]) -> Iterator[str]:
    """Compare who is told to be owed something with all that was confirmed until then."""
    held = [(id_, past.replay.at(id_, number - 1)) for id_ in past.replay.bookings]
    owed = {id_: one for id_, one in held if one is not None and one.status == "confirmed"}
    total = past.replay.sums[number - 1][1]
    if round(told["owedTotal"] * 100) != total:
        yield f"told that {told['owedTotal']} is owed, and it is {total}"
    if len(told["owed"]) != min(len(owed), _MOST_NAMED):
        yield f"told of {len(told['owed'])} who are owed something, and {len(owed)} are"
    for row in told["owed"]:
        one = owed.get(row["id"])
        if one is None or (row["nTickets"], round(row["total"] * 100)) != (one.tickets, one.total):
            yield f"told that {row} is owed, and held was {one}"


def _deleted(past: Past, number: int, operation: Operation) -> Iterator[str]:
    """Only what was never booked may be deleted, and nothing happens to it afterwards."""
    if past.event != operation.subject or past.replay.entries[number]["action"] != "deleted":
        yield f"{operation.subject} was to be deleted, and {past.event} was changed"
    if past.replay.was_ever_booked(number):
        yield "deleted, though it was booked"
    if number + 1 < len(past.replay.entries):
        yield f"deleted by change {number}, and it was changed afterwards"


def _of_event(
    past: Past, number: int, operation: Operation, told: Mapping[str, Any]
) -> Iterator[str]:
    served: Sequence[str] = past.replay.following(number)
    state = past.timeline.states[number + len(served)]
    is_ = {
        "capacity": (operation.body or {}).get("capacity", state.capacity),
        "ticketsSold": state.sold,
        "ticketsAvailable": state.available,
        "waiting": state.waiting,
    }
    if operation.via == "brief":
        is_ = {name: is_[name] for name in ("capacity", "ticketsAvailable")}
    if told["id"] != past.event:
        yield f"told of {told['id']}, and it is {past.event}"
    for name, value in is_.items():
        if told[name] != value:
            yield f"{name} was told as {told[name]} and is {value}"
    named = [one["id"] for one in told.get("assigned", ())]
    if named != list(served[:_MOST_NAMED]):
        yield f"told that {named} got tickets, and {list(served)} did"

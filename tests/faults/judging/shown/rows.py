"""Each row that is shown, alone or in a list, is as it was at some moment, in all its fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from tests.faults.judging.answers.heads import plain
from tests.faults.judging.past.court import Court, Past, faults_in
from tests.faults.judging.past.replay import Held
from tests.faults.judging.shown.naming import Names, Row
from tests.faults.load.history import Sight


def ill_shown(court: Court, sights: Iterable[Sight]) -> Iterator[str]:
    """Find what is shown alone, and bookings of an export, that never were so or aren't theirs.

    Whether anything but a sale may be missing is for the judges of figures, and of who has left.
    """
    names = Names(court)

    def faults_of(sight: Sight) -> Iterable[str]:
        judge = _JUDGES.get(sight.kind) if sight.status == 200 else _MISSING.get(sight.kind)
        return judge(court, names, sight) if judge else ()

    return faults_in(sights, faults_of)


def event_row(past: Past, number: int) -> Row:
    """Return an event after a change, as staff is shown it."""
    state, details = past.timeline.states[number], past.replay.details[number]
    bookings, revenue = past.replay.sums[number]
    return {
        "id": past.event,
        "name": details.get("name"),
        "venue": details.get("venue"),
        "date": details.get("day"),
        "capacity": state.capacity,
        "costPerTicket": past.replay.prices[number] / 100,
        "ticketsSold": state.sold,
        "ticketsAvailable": state.available,
        "bookings": bookings,
        "waiting": state.waiting,
        "status": "cancelled" if state.is_off else "scheduled",
        "revenue": revenue / 100,
        "createdAt": plain(past.replay.entries[1]["at"]),
        "head": f"{number}:{past.replay.entries[number]['hash']}",
    }


def booking_row(court: Court, past: Past, id_: str, held: Held) -> Row:
    """Return a customer's booking as it is shown, without its place in the list."""
    return {**_common(court, past, id_, held), "customerId": held.customer}


def sale_row(court: Court, past: Past, id_: str, held: Held) -> Row:
    """Return a sale over the counter as it is shown."""
    ended = {"cancelledBy": past.replay.entries[held.ended]["actor"]} if held.ended else {}
    return {**_common(court, past, id_, held), "actor": court.first[id_]["actor"], **ended}


def _common(court: Court, past: Past, id_: str, held: Held) -> Row:
    row = {
        "id": id_,
        "event": past.event,
        "nTickets": held.tickets,
        "status": held.status,
        "total": None if held.total is None else held.total / 100,
        "createdAt": plain(court.first[id_]["at"]),
    }
    if held.ended:
        entry = past.replay.entries[held.ended]
        row |= {"cancelledAt": plain(entry["at"]), "reason": entry["changes"]["reason"][1]}
    return row


def misnamed(names: Names, rows: Iterable[Row], ended: float) -> Iterator[str]:
    """Find rows that name somebody else than whose id they have; who is erased has no name."""
    for row in rows:
        name, id_ = row.get("customer"), row.get("customerId")
        if not names.fits(name, id_, ended):
            yield f"{name} is not the name of {id_}"


def refused(
    past: Past, moments: range, sight: Sight, is_there: Callable[[int], bool]
) -> Iterator[str]:
    """Judge a refusal: what was there at each of the moments is not missing."""
    if sight.status != 404:
        yield f"somebody was told {sight.status}"
    elif moments and all(number > 0 and is_there(number) for number in moments):
        yield "somebody was told that there is none"


def without_name(row: Row) -> Row:
    """Return all of a row but whom it names: that is compared by itself."""
    return {name: value for name, value in row.items() if name != "customer"}


def _event(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    past = court.pasts[sight.subject]
    moments = past.moments(sight.began, sight.ended)
    if sight.json not in (event_row(past, number) for number in moments if number):
        yield f"{sight.json}, which never was so"


def _status(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    past = court.pasts[sight.subject]
    moments = past.moments(sight.began, sight.ended)
    rows = (event_row(past, number) for number in moments if number)
    if sight.json not in ({name: row[name] for name in _OF_STATUS} for row in rows):
        yield f"{sight.json}, which never was so"


_OF_STATUS = (
    "name", "capacity", "ticketsSold", "ticketsAvailable", "bookings", "waiting", "status",
)  # fmt: skip


def _made(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    shown = without_name(sight.json)
    rows = (
        _with_place(booking_row(court, past, sight.subject, held), past, number)
        for past in court.where(sight.subject)
        for number in past.moments(sight.began, sight.ended)
        if (held := past.replay.at(sight.subject, number)) is not None
    )
    if shown not in rows:
        yield f"{shown}, which never was so"
    else:
        yield from misnamed(names, [sight.json], sight.ended)


def _with_place(row: Row, past: Past, number: int) -> Row:
    queue = past.replay.queues[number]
    return {**row, "position": queue.index(row["id"]) + 1} if row["id"] in queue else row


def _sold(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    ever = _ever(court, sight.subject, sight)
    if sight.json not in (
        sale_row(court, past, sight.subject, held) for past, held in ever if held
    ):
        yield f"{sight.json}, which never was so"


def _not_sold(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    ever = [held for _, held in _ever(court, sight.subject, sight)]
    if sight.status != 404 or (ever and all(ever)):
        yield f"somebody was told {sight.status}"


def _exported(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    told = sight.json["bookings"]
    for row in told:
        shown, id_ = without_name(row), row["id"]
        ever = _ever(court, id_, sight)
        if shown not in (booking_row(court, past, id_, held) for past, held in ever if held):
            yield f"{shown}, which never was so"
    yield from misnamed(names, told, sight.ended)


def _ever(court: Court, booking: str, sight: Sight) -> Iterator[tuple[Past, Held | None]]:
    """Return what a booking may have been when it was shown, in each event that it was ever in."""
    for past in court.where(booking):
        moments = past.moments(sight.began, sight.ended)
        yield from ((past, held) for held in past.replay.bookings[booking].during(moments))


def _customer(court: Court, names: Names, sight: Sight) -> Iterator[str]:
    told = sight.json
    if told["id"] != sight.subject or told["name"] is None:
        yield f"{told} is shown as {sight.subject}"
    elif not names.fits(told["name"], told["id"], sight.ended):
        yield f"{told['name']} is not the name of {told['id']}"


_JUDGES: Mapping[str, Callable[[Court, Names, Sight], Iterator[str]]] = {
    "event": _event,
    "status": _status,
    "booking": _made,
    "transaction": _sold,
    "export": _exported,
    "customer": _customer,
}

_MISSING: Mapping[str, Callable[[Court, Names, Sight], Iterator[str]]] = {
    "transaction": _not_sold,
}

"""Every refusal is true of some moment between its question and its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.judging.past.court import Court, Past
from tests.faults.judging.past.replay import Held
from tests.faults.judging.past.timeline import State
from tests.faults.load.history import Operation
from tests.faults.load.people import MOST

_OF_NO_BOOKING = {"book", "sell", "create", "change", "call off", "delete", "cancel for", "erase"}


@dataclass(frozen=True)
class Moment:
    """One event after one change, as somebody's question meets it.

    `customers` is who would get tickets: who holds a booking that is to be moved, while it is asked
    for, or one person. `offered_by` is the request that a code was given to, and `wanted` by how
    many tickets the event would be fuller.
    """

    operation: Operation
    told: Mapping[str, Any]
    past: Past
    number: int
    customers: frozenset[str]
    booking: str | None
    offered_by: str | None
    wanted: int

    @property
    def state(self) -> State:
        return self.past.timeline.states[self.number]

    @property
    def held(self) -> Held | None:
        return self.past.replay.at(self.booking, self.number) if self.booking else None

    def holds(self, status: str) -> bool:
        """Tell whether the person who would get tickets has a booking already."""
        return any(
            one.status == status
            for customer in self.customers
            for one in self.past.replay.held_by(customer, self.number)
        )


def unjustified(court: Court) -> Iterator[str]:
    """Find refusals which nothing explains that was true while they were decided."""
    for operation in court.history:
        answer = operation.answer
        if answer is None or answer.status < 400:
            continue
        if operation.kind == "erase":
            continue  # the judge of who has left tells of it
        code = answer.json.get("code")
        explains = _REASONS.get(code)
        if explains is None or not any(map(explains, _moments(court, operation))):
            yield (
                f"{operation.kind}: refused with {answer.status} {code} without reason: "
                f"{operation.method} {operation.path} {operation.body} {answer.json}"
            )


def _moments(court: Court, operation: Operation) -> Iterator[Moment]:
    """Return each moment that may have been decided on, in each event that it is about."""
    assert operation.answer is not None
    booking = booking_of(court, operation)
    customers = _customers(court, operation, booking)
    offered = court.codes.get((operation.body or {}).get("code", ""))
    for past in _events(court, operation, booking):
        for number in past.moments(operation.began, operation.ended):
            held = past.replay.at(booking, number) if booking else None
            yield Moment(
                operation, operation.answer.json, past, number, customers, booking,
                offered.key if offered else None, _wanted(court, operation, booking, held),
            )  # fmt: skip


def booking_of(court: Court, operation: Operation) -> str | None:
    """Return which booking is asked about; None for a new one and for a code of nobody's."""
    if operation.kind == "accept":
        assert operation.body is not None
        offered = court.codes.get(operation.body["code"])
        return offered.subject if offered else None
    return None if operation.kind in _OF_NO_BOOKING else operation.subject


def _events(court: Court, operation: Operation, booking: str | None) -> Iterable[Past]:
    body = operation.body or {}
    event = str(body.get("event") or (operation.subject if booking is None else ""))
    found = {past.event: past for past in court.where(booking)} if booking else {}
    if event in court.pasts:
        found[event] = court.pasts[event]
    return (found or court.pasts).values()


def _customers(court: Court, operation: Operation, booking: str | None) -> frozenset[str]:
    if operation.kind != "move":
        return court.customers(operation.person, operation.began)
    held = (
        past.replay.at(booking or "", number)
        for past in court.where(booking or "")
        for number in past.moments(operation.began, operation.ended)
    )
    return frozenset(one.customer for one in held if one is not None and one.customer)


def _wanted(court: Court, operation: Operation, booking: str | None, held: Held | None) -> int:
    body = operation.body or {}
    if operation.kind == "move":
        sizes = [
            one.tickets
            for past in court.where(booking or "")
            for one in past.replay.bookings[booking or ""].all()
            if one is not None
        ]
        return max(sizes, default=0)
    return int(body.get("nTickets", 1)) - (held.tickets if held else 0)


def _sold_out(at: Moment) -> bool:
    page = at.operation.via == "page"  # which says only that there are none
    if not page and at.told["available"] != at.state.available:
        return False
    may_not_wait = (at.operation.body or {}).get("waitlist") is False
    return at.state.available == 0 or (may_not_wait and at.state.waiting > 0)


def _not_enough(at: Moment) -> bool:
    return int(at.told["available"]) == at.state.available < at.wanted


def _list_first(at: Moment) -> bool:
    return at.told["available"] == at.state.available and at.state.waiting > 0


def _already(status: str) -> Callable[[Moment], bool]:
    def is_so(at: Moment) -> bool:
        to_itself = (at.operation.body or {}).get("event") == at.past.event and at.held is not None
        return at.holds(status) or (at.operation.kind == "move" and to_itself)

    return is_so


def _limit(at: Moment) -> bool:
    acquired = sum(at.past.replay.acquired_by(one, at.number) for one in at.customers)
    left = max(0, MOST - acquired)
    told = left if at.operation.via == "page" else at.told["available"]
    return at.operation.asker.person is not None and told == left < at.wanted


def _exceeds(at: Moment) -> bool:
    return int(at.told["capacity"]) == at.state.capacity < at.wanted


def _not_confirmed(at: Moment) -> bool:
    return at.held is not None and at.held.status != "confirmed"


def _not_found(at: Moment) -> bool:
    """It is somebody else's, or goes to another event just then, or who is named has none."""
    if at.operation.kind == "cancel for":
        return not (at.holds("confirmed") or at.holds("waiting"))
    if at.held is None:
        moments = at.past.moments(at.operation.began, at.operation.ended)
        return any(at.past.replay.at(at.booking or "", number) for number in moments)
    return at.operation.asker.person is not None and at.held.customer not in at.customers


def _is_not_there(at: Moment) -> bool:
    return at.number == 0 or at.state.is_gone


def _exists(at: Moment) -> bool:
    """It has this id, and can't be made anew: it was booked, called off or deleted."""
    ended = at.state.is_off or at.state.is_gone
    return ended or at.past.replay.was_ever_booked(at.number)


def _below_sold(at: Moment) -> bool:
    wanted = int((at.operation.body or {})["capacity"])
    return wanted < at.state.sold == int(at.told["ticketsSold"])


def _below_waiting(at: Moment) -> bool:
    wanted = int((at.operation.body or {})["capacity"])
    waiting = (at.past.replay.at(id_, at.number) for id_ in at.past.replay.queues[at.number])
    return any(one is not None and one.tickets > wanted for one in waiting)


def _over_the_limit(at: Moment) -> bool:
    own = at.operation.asker.person is not None
    return own and int((at.operation.body or {}).get("nTickets", 1)) > MOST


def _code_is_void(at: Moment) -> bool:
    """It never was one, or is used, taken back or replaced, or its booking has ended or left."""
    return at.held is None or at.offered_by is None or at.held.offer != at.offered_by


_REASONS: Mapping[str, Callable[[Moment], bool]] = {
    "sold_out": _sold_out,
    "not_enough_tickets": _not_enough,
    "waiting_list_first": _list_first,
    "already_booked": _already("confirmed"),
    "already_waiting": _already("waiting"),
    "limit_reached": _limit,
    "exceeds_capacity": _exceeds,
    "not_confirmed": _not_confirmed,
    "booking_cancelled": lambda at: at.held is not None and at.held.status == "cancelled",
    "not_a_reduction": lambda at: at.held is not None and at.wanted == 0,
    "booking_not_found": _not_found,
    "bad_request": _over_the_limit,
    "offer_gone": _code_is_void,
    "event_cancelled": lambda at: at.state.is_off,
    "event_not_found": _is_not_there,
    "event_exists": _exists,
    "event_has_bookings": lambda at: at.past.replay.was_ever_booked(at.number),
    "capacity_below_sold": _below_sold,
    "capacity_below_waiting": _below_waiting,
}

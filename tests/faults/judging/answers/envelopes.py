"""The briefs' answers say what their clients read, and the same by both names of one thing.

What they say of events and bookings is judged with all other answers, once it is in the API's words
(`tests.faults.load.briefs`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tests.faults.load.history import Operation

Told = Mapping[str, Any]

_BOOKED = "Ticket booked successfully"
_WAITS = "No tickets available. User added to waiting list."
_CANCELLED = "Booking canceled successfully."


def ill_said(history: Iterable[Operation]) -> Iterator[str]:
    """Find answers at the briefs' routes whose parts don't agree with each other or the status."""
    for operation in history:
        answer = operation.answer
        if operation.via != "brief" or answer is None:
            continue
        if not _is_well_said(operation.path, answer.status, answer.json):
            yield f"{operation.name}: {answer.status}, and it says {answer.json}"


def _is_well_said(path: str, status: int, told: Told) -> bool:
    if status >= 400:
        return told.get("error") is True and isinstance(told.get("message"), str)
    prefix, _, action = path.rpartition("/")
    if prefix == "" and told.get("error") is not False:
        return False
    return _SAID[prefix, action](status, told)


def _initialized_at_root(status: int, told: Told) -> bool:
    ids = {told["eventId"], told["eventd"], told["id"], told["data"]["id"]}
    return status == 201 and len(ids) == 1 and _initialized(status, told["data"])


def _initialized(status: int, told: Told) -> bool:
    return status == 201 and told["availableTickets"] == told["available"]


def _booked_at_root(status: int, told: Told) -> bool:
    says, booking = told["message"], told["data"]
    return (status, says, booking["status"]) in {
        (201, _BOOKED, "confirmed"),
        (202, _WAITS, "waiting"),
    }


def _booked(status: int, told: Told) -> bool:
    name = {201: "booking", 202: "waiting"}[status]
    says, is_ = {201: ("booked", "confirmed"), 202: ("waitlisted", "waiting")}[status]
    return set(told) == {"status", name} and (told["status"], told[name]["status"]) == (says, is_)


def _cancelled_at_root(status: int, told: Told) -> bool:
    return status == 200 and told["message"] == _CANCELLED


def _cancelled(status: int, told: Told) -> bool:
    if "freed" in told:
        return status == 200 and told == {"freed": True}
    first = told["assigned"][0]
    named = told["assignedTo"] in (first["customer"], first["id"])
    return status == 200 and named and told["booking"]["id"] == first["id"]


_SAID: Mapping[tuple[str, str], Callable[[int, Told], bool]] = {
    ("", "initialize"): _initialized_at_root,
    ("", "book"): _booked_at_root,
    ("", "cancel"): _cancelled_at_root,
    ("/api/events", "initialize"): _initialized,
    ("/api/events", "book"): _booked,
    ("/api/events", "cancel"): _cancelled,
}

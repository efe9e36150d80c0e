"""The routes of the briefs: what is asked there, and the same as the API itself would have it.

The judges know one language, that of the API. What an answer of a brief leaves out stays left out,
and how it says things is judged where it is said (`tests.faults.judging.answers.envelopes`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.client import Answer
from tests.faults.load.history import Operation, new_operation
from tests.faults.load.people import Asker

API = "/api/v1"
PREFIXES = "", "/api/events"

Told = Mapping[str, Any]


def book(
    prefix: str, event: str, tickets: int, asker: Asker, person: str | None, customer: str | None
) -> Operation:
    """Return what books at one of the two places; whoever has an account names nobody."""
    body = {"event_id": event, "nTickets": tickets, **_named(customer)}
    return _asked(prefix, "book", body, asker, person)


def cancel(
    prefix: str, event: str, asker: Asker, person: str | None, customer: str | None
) -> Operation:
    """Return what cancels somebody's booking for an event, whichever it is."""
    return _asked(prefix, "cancel", {"eventId": event, **_named(customer)}, asker, person)


def initialize(
    prefix: str, id_: str, capacity: int, price: float, asker: Asker, day: str | None = None
) -> Operation:
    """Return what makes an event with this id, or makes it anew while it was never booked."""
    body = {"id": id_, "name": "Gala", "totalTickets": capacity, "costPerTicket": price}
    return _asked(prefix, "initialize", body | ({"date": day} if day else {}), asker, None)


def status_path(prefix: str, event: str) -> str:
    return f"{prefix}/status/{event}"


def any_place(chance: random.Random) -> str:
    return chance.choice(PREFIXES)


def as_of_the_api(operation: Operation) -> Operation:
    """Return what was asked and told at a brief's route as the API itself would have it."""
    if operation.via != "brief":
        return operation
    translate = _IN_THE_API[operation.path.rsplit("/", 1)[1]]
    path, body, told = translate(operation)
    answer = operation.answer
    if answer is not None and answer.status < 400:
        answer = Answer(answer.status, answer.headers, json.dumps(told).encode())
    return replace(operation, path=API + path, body=body, answer=answer)


def _asked(
    prefix: str, action: str, body: dict[str, Any], asker: Asker, person: str | None
) -> Operation:
    path = f"{prefix}/{action}"
    operation = new_operation("POST", path, body, asker, person)
    operation.name, operation.via = f"POST {path}", "brief"
    return operation


def _named(customer: str | None) -> dict[str, str]:
    return {} if customer is None else {"user": customer}


def _told(operation: Operation) -> Told:
    if operation.answer is None or not operation.granted:
        return {}
    told: Told = operation.answer.json
    return told


def _initialized(operation: Operation) -> tuple[str, dict[str, Any], Told]:
    asked, told = operation.body or {}, _told(operation)
    event = told.get("data", told)
    body = {"event": asked["id"], "capacity": asked["totalTickets"]}
    return "/events", body, {
        "id": event.get("id"),
        "capacity": event.get("totalTickets"),
        "ticketsAvailable": event.get("availableTickets"),
    }  # fmt: skip


def _booked(operation: Operation) -> tuple[str, dict[str, Any], Told]:
    asked, told = operation.body or {}, _told(operation)
    booking = told.get("data") or told.get("booking") or told.get("waiting") or {}
    body = {"nTickets": asked["nTickets"], **_meant(asked)}
    return f"/events/{asked['event_id']}/bookings", body, booking


def _cancelled(operation: Operation) -> tuple[str, dict[str, Any], Told]:
    asked, told = operation.body or {}, _told(operation)
    path = f"/events/{asked['eventId']}/cancel"
    if "message" in told:
        return path, _meant(asked), {}
    served = told.get("assigned", ())
    return path, _meant(asked), {"assigned": served, "assignedCount": len(served)}


def _meant(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {"customer": asked["user"]} if "user" in asked else {}


_IN_THE_API: Mapping[str, Callable[[Operation], tuple[str, dict[str, Any], Told]]] = {
    "initialize": _initialized,
    "book": _booked,
    "cancel": _cancelled,
}

"""The actions of the briefs, at the root and under `/api/events`.

The same commands as everywhere else; only the names and the envelopes differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response
from marshmallow import Schema

from ticketing.api import schemas
from ticketing.api.auth.customers import ownership_scope, purchase_limit, redact, resolve_customer
from ticketing.api.http.blueprints import Blueprint
from ticketing.api.http.context import app_context
from ticketing.api.http.execute import execute
from ticketing.api.http.responses import CONTENT_TYPE, body, respond
from ticketing.api.legacy import aliases
from ticketing.api.legacy import schemas as described
from ticketing.domain.changes.results import BookingResult
from ticketing.domain.commands.bookings import CancelFor
from ticketing.domain.events import Event
from ticketing.domain.identity.users import Role
from ticketing.services import commands
from ticketing.storage.writes.idempotency import StoredResponse

blp = Blueprint("actions", __name__, description="The actions of the briefs")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Documented:
    """What the document says of the answers at one of the two places."""

    initialized: Schema
    booked: Schema
    waitlisted: Schema
    cancelled: Schema
    status: Schema


@dataclass(frozen=True, slots=True)
class Presenters:
    """How the answers look at one of the two places; names of operations end with `place`."""

    prefix: str
    place: str
    initialized: Callable[[Event], Json]
    booked: Callable[[BookingResult], Json]
    cancelled: Callable[[BookingResult], Json]
    status: Callable[[Event], Json]
    documented: Documented


def _flat(event: Event) -> Json:
    return {
        "id": event.id,
        "title": event.name,
        "venue": event.venue,
        "date": event.day.isoformat() if event.day else None,
        "totalTickets": event.capacity,
        "availableTickets": event.available,
        "available": event.available,
    }


def _booking(held: BookingResult) -> Json:
    return schemas.MADE_BOOKING.dump(held)  # type: ignore[no-any-return]


def _assigned(held: BookingResult) -> list[Json]:
    return schemas.HELD_BOOKING.dump(held)["assigned"]  # type: ignore[no-any-return]


def _said(message: str, **more: Any) -> Json:
    return {"error": False, "message": message, **more}


def _root_initialized(event: Event) -> Json:
    # One of the briefs spells it `eventd`, and its clients read that.
    ids = {"eventId": event.id, "eventd": event.id, "id": event.id}
    return _said("Event created successfully", **ids, data=_flat(event))


def _root_booked(held: BookingResult) -> Json:
    confirmed = held.booking.status == "confirmed"
    # The words of the first brief's service: its clients compare them.
    waits = "No tickets available. User added to waiting list."
    return _said("Ticket booked successfully" if confirmed else waits, data=_booking(held))


def _root_cancelled(held: BookingResult) -> Json:
    return _said("Booking canceled successfully.")


def _root_status(event: Event) -> Json:
    data = {
        "name": event.name,
        "available_tickets": event.available,
        "waiting_list_count": event.waiting,
        "bookings_count": event.bookings,
    }
    return _said("Fetched event", data={**data, **_called_off(event)})


def _api_booked(held: BookingResult) -> Json:
    if held.booking.status == "confirmed":
        return {"status": "booked", "booking": _booking(held)}
    return {"status": "waitlisted", "waiting": _booking(held)}


def _api_cancelled(held: BookingResult) -> Json:
    if not held.assigned:
        return {"freed": True}
    assigned = _assigned(held)
    first = _booking(BookingResult(held.assigned[0]))
    # Only staff is shown names; whoever else asks sees which booking it was.
    return {"assignedTo": first["customer"] or first["id"], "assigned": assigned, "booking": first}


def _api_status(event: Event) -> Json:
    # Two of the briefs' services say `eventId` and `waitingListCount`.
    return {
        **_flat(event),
        "eventId": event.id,
        "bookingsCount": event.bookings,
        "waitingCount": event.waiting,
        "waitingListCount": event.waiting,
        **_called_off(event),
    }


def _called_off(event: Event) -> Json:
    """Return the status of an event that was called off; the briefs know nothing of the kind."""
    return {"status": "cancelled"} if event.status == "cancelled" else {}


ROOT = Presenters(
    "",
    "AtRoot",
    _root_initialized,
    _root_booked,
    _root_cancelled,
    _root_status,
    Documented(
        described.ROOT_INITIALIZED,
        described.ROOT_BOOKED,
        described.ROOT_BOOKED,
        described.ROOT_CANCELLED,
        described.ROOT_STATUS,
    ),
)
API_EVENTS = Presenters(
    "/api/events",
    "UnderEvents",
    _flat,
    _api_booked,
    _api_cancelled,
    _api_status,
    Documented(
        described.FLAT_EVENT,
        described.FLAT_BOOKED,
        described.FLAT_WAITLISTED,
        described.FLAT_CANCELLED,
        described.FLAT_STATUS,
    ),
)


def _answer(status: int, value: Json) -> StoredResponse:
    return StoredResponse(status, {"Content-Type": CONTENT_TYPE}, body(value))


def _initialized(present: Callable[[Event], Json], event: Event) -> StoredResponse:
    return _answer(201, present(event))


def _booked(present: Callable[[BookingResult], Json], held: BookingResult) -> StoredResponse:
    return _answer(201 if held.booking.status == "confirmed" else 202, present(held))


def _cancelled(present: Callable[[BookingResult], Json], held: BookingResult) -> StoredResponse:
    return _answer(200, present(held))


def _register(presenters: Presenters) -> None:
    initialized = partial(_initialized, presenters.initialized)
    booked = partial(_booked, presenters.booked)
    cancelled = partial(_cancelled, presenters.cancelled)

    @blp.writes(
        "POST",
        f"{presenters.prefix}/initialize",
        409,
        name=f"initialize{presenters.place}",
        who=Role.ADMIN,
    )
    @blp.arguments(aliases.INITIALIZE)
    @blp.response(201, presenters.documented.initialized)
    def initialize(wanted: aliases.InitializeRequest) -> Response:
        """Make an event, or make one anew that has this id and was never booked."""
        return execute(wanted.command, on=commands.event_id(wanted.id), present=initialized)

    @blp.writes(
        "POST",
        f"{presenters.prefix}/book",
        404,
        409,
        name=f"book{presenters.place}",
        who=Role.CUSTOMER,
    )
    @blp.arguments(aliases.BOOK)
    @blp.response(201, presenters.documented.booked)
    @blp.alt_response(202, schema=presenters.documented.waitlisted, success=True)
    def book(wanted: aliases.BookRequest) -> Response:
        """Book tickets, or join the waiting list (202)."""
        holder = resolve_customer(wanted.customer)
        command = commands.book(holder, wanted.tickets, limit=purchase_limit())
        return execute(command, on=wanted.event, present=booked)

    @blp.writes(
        "POST",
        f"{presenters.prefix}/cancel",
        404,
        409,
        name=f"cancel{presenters.place}",
        who=Role.CUSTOMER,
    )
    @blp.arguments(aliases.CANCEL)
    @blp.response(200, presenters.documented.cancelled)
    def cancel(wanted: aliases.CancelRequest) -> Response:
        """Cancel the booking that a customer has for an event."""
        customer = resolve_customer(wanted.customer, "user")
        command = CancelFor(customer, ownership_scope())
        return execute(command, on=wanted.event, present=redact(cancelled))

    @blp.reads(
        f"{presenters.prefix}/status/<id>", 404, name=f"status{presenters.place}", who=Role.ANYBODY
    )
    @blp.response(200, presenters.documented.status)
    def status(id: str) -> Response:
        """Show an event's figures."""
        return respond(_answer(200, presenters.status(app_context.reads.event(id))))


for _presenters in (ROOT, API_EVENTS):
    _register(_presenters)

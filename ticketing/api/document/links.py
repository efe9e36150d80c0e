"""What follows on what: from an answer to the operations that its ids and codes are good for.

A program that walks the document by these creates an event, sells and books its tickets, and gives
them back (`make fuzz`).
"""

from __future__ import annotations

from typing import Any

Link = dict[str, Any]

_ID = "$response.body#/id"


def _of(*operations: str, id_: str = _ID) -> dict[str, Link]:
    """Link to operations that take the id in their path."""
    return {name: {"operationId": name, "parameters": {"id": id_}} for name in operations}


def _about(*operations: str, **query: str) -> dict[str, Link]:
    """Link to operations that take it in their query."""
    return {name: {"operationId": name, "parameters": query} for name in operations}


def _with(operation: str, **body: object) -> dict[str, Link]:
    """Link to an operation that takes it in its body."""
    return {operation: {"operationId": operation, "requestBody": body}}


_FROM_EVENT = {
    **_of(
        "showEvent",
        "changeEvent",
        "deleteEvent",
        "showEventStatus",
        "bookTickets",
        "listWaiting",
        "listAudit",
        "callOffEvent",
    ),
    **_with("sellTickets", event=_ID, nTickets=1),
    **_about("listBookings", "listTransactions", event=_ID),
}
_FROM_BOOKING = {
    **_of("showBooking", "changeBooking", "cancelBooking", "transferBooking", "moveBooking"),
    **_of("showCustomer", "exportCustomer", id_="$response.body#/customerId"),
}
_OFFER = "$response.body#/code"


def _at(place: str) -> dict[tuple[str, int], dict[str, Link]]:
    """Return what follows on the briefs' actions at one of their two places."""
    return {
        (f"initialize{place}", 201): {
            **_with(f"book{place}", event_id=_ID, user="ada@example.org"),
            **_with(f"cancel{place}", event_id=_ID, user="ada@example.org"),
            **_of(f"status{place}"),
        },
    }


# By the operation and the status of its answer.
LINKS: dict[tuple[str, int], dict[str, Link]] = {
    ("createEvent", 201): _FROM_EVENT,
    ("sellTickets", 201): _of("showTransaction", "returnTransaction"),
    ("bookTickets", 201): _FROM_BOOKING,
    ("bookTickets", 202): _FROM_BOOKING,
    ("transferBooking", 201): {
        **_with("acceptTransfer", code=_OFFER),
        **_of("withdrawTransfer", id_="$request.path.id"),
    },
    ("callOffEvent", 200): _of("listOwed", "listAudit", id_="$response.body#/event/id"),
    ("registerUser", 201): _of("changeUser", "listUserAudit"),
    ("createApiKey", 201): _of("revokeApiKey"),
    **_at("AtRoot"),
    **_at("UnderEvents"),
}

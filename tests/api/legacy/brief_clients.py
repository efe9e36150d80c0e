"""What the clients of the five descriptions send, byte by byte, and what they read.

Each is what a description prints and what the client that was published with it sends, in order.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

PASSWORD = "astrongpassword"


def basic(name: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


# What each library adds to a request by itself.
SUPERTEST = {
    "Accept-Encoding": "gzip, deflate",
    "Connection": "close",
    "Content-Type": "application/json",
}
POSTMAN = {
    "User-Agent": "PostmanRuntime/7.39.1",
    "Accept": "*/*",
    "Cache-Control": "no-cache",
    "Postman-Token": "3f1c7a44-6f0e-4b0b-9a3e-0c6e4c5d2b11",
    "Accept-Encoding": "gzip, deflate, br",
    "Content-Type": "application/json",
}
AXIOS = {
    "User-Agent": "axios/1.7.2",
    "Accept": "application/json, text/plain, */*",
    "Content-Type": "application/json; charset=utf-8",
}
CURL = {"User-Agent": "curl/8.5.0", "Accept": "*/*", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Sent:
    """One request, and what is read of its answer: values, or the types that they must have.

    `{names}` in it stand for what was kept of an earlier answer. `sign` is the Authorization that
    the client sends; `role` is who signs in instead where users do and the client is no user.
    """

    request: str
    body: str | None
    status: int
    read: dict[str, Any] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    sign: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class BriefClient:
    headers: dict[str, str]
    requests: list[Sent]


USER_1, USER_2 = basic("user1@gmail.com"), basic("user2@gmail.com")
ADMIN = basic("admin", "password123")
FOREIGN_TOKEN = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoidXNlcjEyMyJ9.c2lnbmF0dXJl"

BOOKED = "Ticket booked successfully"
WAITS = "No tickets available. User added to waiting list."
TWICE = "User has already booked this event."
CANCELED = {"error": False, "message": "Booking canceled successfully."}
NOT_BOOKED = {"error": True, "message": "Booking not found."}
REFUSED = {"error": True, "message": str}

THE_ASSESSMENT = [
    Sent(
        "POST /api/v1/events",
        '{\n  "name": "Charity Auction",\n  "date": "31/10/2024",\n  "capacity": 100,\n'
        '  "costPerTicket": 5\n}',
        201,
        {"id": str, "name": "Charity Auction", "date": "2024-10-31", "capacity": 100},
        keep={"event": "id"},
        role="admin",
    ),
    # Several may have the same name, but only one can be on a day.
    Sent(
        "POST /api/v1/events",
        '{"name": "Charity Auction", "date": "01/11/2024", "capacity": 9, "costPerTicket": 5}',
        201,
        role="admin",
    ),
    Sent(
        "POST /api/v1/events",
        '{"name": "Charity Auction", "date": "31/10/2024", "capacity": 9, "costPerTicket": 5}',
        409,
        {"code": "date_taken"},
        role="admin",
    ),
    Sent(
        "POST /api/v1/transactions",
        '{\n  "event": "{event}",\n  "nTickets": 3\n}',
        201,
        {"id": str, "event": str, "nTickets": 3, "total": 15},
        role="staff",
    ),
    Sent(
        "POST /api/v1/transactions",
        '{"event": "no such event", "nTickets": 3}',
        404,
        {"code": "event_not_found"},
        role="staff",
    ),
    Sent(
        "POST /api/v1/transactions",
        '{"event": "{event}", "nTickets": 98}',
        409,
        {"code": "not_enough_tickets", "available": 97},
        role="staff",
    ),
    Sent("POST /api/v1/transactions", '{"event": "{event}", "nTickets": 97}', 201, role="staff"),
    Sent(
        "POST /api/v1/transactions",
        '{"event": "{event}", "nTickets": 1}',
        409,
        {"code": "sold_out", "available": 0},
        role="staff",
    ),
]

# Basic says who books; the body names the event alone.
BASIC_AT_THE_ROOT = [
    Sent(
        "POST /initialize",
        '{"event_name":"Tech Conference 2025","available_tickets":1}',
        201,
        {"message": "Event created successfully", "eventd": str, "error": False},
        keep={"event": "eventd"},
        role="admin",
    ),
    Sent("POST /book", '{"event_id":"{event}"}', 201, {"message": BOOKED}, sign=USER_1),
    Sent("POST /book", '{"event_id":"{event}"}', 202, {"message": WAITS}, sign=USER_2),
    Sent("POST /book", '{"event_id":"{event}"}', 409, {"message": TWICE}, sign=USER_1),
    Sent(
        "GET /status/{event}",
        None,
        200,
        {
            "error": False,
            "message": "Fetched event",
            "data": {
                "name": "Tech Conference 2025",
                "available_tickets": 0,
                "waiting_list_count": 1,
                "bookings_count": 1,
            },
        },
    ),
    Sent("POST /cancel", '{"event_id":"{event}"}', 200, CANCELED, sign=USER_1),
    # Whoever waited has the ticket now, and whoever cancelled has none.
    Sent("POST /cancel", '{"event_id":"{event}"}', 404, NOT_BOOKED, sign=USER_1),
    Sent("POST /cancel", '{"event_id":"{event}"}', 200, CANCELED, sign=USER_2),
    Sent("POST /cancel", '{"event_id":999}', 404, REFUSED, sign=USER_1),
    Sent("GET /status/100", None, 404, REFUSED),
    # Its own test says `name` where its description says `event_name`.
    Sent("POST /initialize", '{"name":"Gala","available_tickets":4}', 201, role="admin"),
]

# `user` in the body, under either path, and a token of that service's own.
USER_IN_THE_BODY = [
    Sent(
        "POST /initialize",
        '{"name":"Concert","totalTickets":1}',
        201,
        {"message": str},
        keep={"event": "eventId"},
        role="admin",
    ),
    Sent(
        "POST /book",
        '{"user":"user123","eventId":"{event}"}',
        201,
        {"message": BOOKED, "data.status": "confirmed"},
        sign=FOREIGN_TOKEN,
        role="staff",
    ),
    Sent(
        "POST /book",
        '{"user":"user456","eventId":"{event}"}',
        202,
        {"data.status": "waiting", "data.position": 1},
        sign=FOREIGN_TOKEN,
        role="staff",
    ),
    Sent("GET /status/{event}", None, 200, {"data.waiting_list_count": 1}),
    Sent(
        "POST /cancel",
        '{"user":"user123","eventId":"{event}"}',
        200,
        CANCELED,
        sign=FOREIGN_TOKEN,
        role="staff",
    ),
    Sent(
        "POST /api/events/initialize",
        '{"name":"Concert","totalTickets":100}',
        201,
        {"availableTickets": 100},
        keep={"event": "id"},
        role="admin",
    ),
    Sent(
        "POST /api/events/book",
        '{"user":"user123","eventId":"{event}"}',
        201,
        {"booking.status": "confirmed"},
        role="staff",
    ),
    Sent("POST /api/events/cancel", '{"user":"user123","eventId":"{event}"}', 200, role="staff"),
    Sent(
        "GET /api/events/status/{event}",
        None,
        200,
        {"availableTickets": 100, "waitingListCount": 0},
    ),
    Sent(
        "POST /api/events/initialize",
        '{"name":"Concert","totalTickets":0}',
        400,
        REFUSED,
        role="admin",
    ),
]

# Basic for the administrator, a date-time, e-mail addresses; its tests send `new Date()`.
UNDER_API_EVENTS = [
    Sent(
        "POST /api/events/initialize",
        '{\n  "title": "Sample Event",\n  "venue": "Main Hall",\n'
        '  "date": "2025-09-10T10:00:00Z",\n  "totalTickets": 1\n}',
        201,
        {
            "id": str,
            "title": "Sample Event",
            "venue": "Main Hall",
            "date": "2025-09-10",
            "totalTickets": 1,
            "availableTickets": 1,
            "available": 1,
        },
        keep={"event": "id"},
        sign=ADMIN,
        role="admin",
    ),
    Sent(
        "POST /api/events/book",
        '{\n  "eventId": "{event}",\n  "userEmail": "user@example.com"\n}',
        201,
        {"status": "booked", "booking.id": str, "booking.customer": "user@example.com"},
        role="staff",
    ),
    Sent(
        "POST /api/events/book",
        '{"eventId":"{event}","userId":"wuser1"}',
        202,
        {"status": "waitlisted", "waiting.id": str, "waiting.position": 1},
        role="staff",
    ),
    Sent(
        "GET /api/events/status/{event}",
        None,
        200,
        {"eventId": str, "bookingsCount": 1, "waitingCount": 1, "availableTickets": 0},
    ),
    Sent(
        "POST /api/events/cancel",
        '{"eventId":"{event}","userEmail":"user@example.com"}',
        200,
        {"assignedTo": "wuser1", "booking.customer": "wuser1", "booking.status": "confirmed"},
        role="staff",
    ),
    Sent(
        "POST /api/events/cancel",
        '{"eventId":"{event}","userId":"wuser1"}',
        200,
        {"freed": True},
        role="staff",
    ),
    Sent(
        "POST /api/events/initialize",
        '{"id":"w1","title":"V1","venue":"V","date":"2025-09-11T08:15:30.123Z","totalTickets":1}',
        201,
        {"id": "w1", "date": "2025-09-11"},
        sign=ADMIN,
        role="admin",
    ),
    Sent("POST /api/events/book", "{}", 400, REFUSED, role="staff"),
    Sent("GET /api/events/status/unknown", None, 404, REFUSED),
]

# Numbers for ids.
NUMBERS = [
    Sent(
        "POST /initialize",
        '{"name":"Event Name","totalTickets":100}',
        201,
        {"id": str, "data.title": "Event Name", "data.totalTickets": 100},
        role="admin",
    ),
    Sent(
        "POST /initialize",
        '{"id":1,"name":"Event Name","totalTickets":1}',
        201,
        {"id": "1"},
        role="admin",
    ),
    Sent(
        "POST /book",
        '{"userId":1,"eventId":1}',
        201,
        {"data.status": "confirmed", "data.customer": "1", "data.event": "1"},
        role="staff",
    ),
    Sent(
        "POST /book",
        '{"userId":2,"eventId":1}',
        202,
        {"data.status": "waiting", "data.position": 1},
        role="staff",
    ),
    Sent("GET /status/1", None, 200, {"data.available_tickets": 0, "data.waiting_list_count": 1}),
    Sent("POST /cancel", '{"userId":1,"eventId":1}', 200, CANCELED, role="staff"),
    Sent("GET /status/1", None, 200, {"data.available_tickets": 0, "data.waiting_list_count": 0}),
]

CLIENTS = {
    "the assessment": BriefClient(CURL, THE_ASSESSMENT),
    "basic at the root": BriefClient(SUPERTEST, BASIC_AT_THE_ROOT),
    "user in the body": BriefClient(AXIOS, USER_IN_THE_BODY),
    "under /api/events": BriefClient(POSTMAN, UNDER_API_EVENTS),
    "numbers": BriefClient(AXIOS, NUMBERS),
}

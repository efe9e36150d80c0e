"""Each kind of request and the route that it is asked at; which routes nobody asks at, and why."""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults.load.briefs import PREFIXES

_V1 = "/api/v1"
_EVENT = f"{_V1}/events/{{id}}"
_BOOKING = f"{_V1}/bookings/{{id}}"
_CUSTOMER = f"{_V1}/customers/{{id}}"

CHANGES: Mapping[str, str] = {
    "create": f"POST {_V1}/events",
    "change capacity": f"PATCH {_EVENT}",
    "change price": f"PATCH {_EVENT}",
    "change date": f"PATCH {_EVENT}",
    "call off": f"POST {_EVENT}/cancellation",
    "delete": f"DELETE {_EVENT}",
    "sell": f"POST {_V1}/transactions",
    "return": f"DELETE {_V1}/transactions/{{id}}",
    "book": f"POST {_EVENT}/bookings",
    "wait": f"POST {_EVENT}/bookings",
    "cancel": f"DELETE {_BOOKING}",
    "add tickets": f"PATCH {_BOOKING}",
    "keep fewer": f"PATCH {_BOOKING}",
    "pass on": f"POST {_BOOKING}/transfer",
    "offer": f"POST {_BOOKING}/transfer",
    "withdraw": f"DELETE {_BOOKING}/transfer",
    "accept": f"POST {_V1}/transfers",
    "move": f"POST {_BOOKING}/move",
    "erase": f"POST {_CUSTOMER}/erasure",
    "form: book": "POST /events/{id}/book",
}

READS: Mapping[str, str] = {
    "event": f"GET {_EVENT}",
    "status": f"GET {_EVENT}/status",
    "audit": f"GET {_EVENT}/audit",
    "waiting list": f"GET {_EVENT}/waiting-list",
    "cancellation": f"GET {_EVENT}/cancellation",
    "events": f"GET {_V1}/events",
    "booking": f"GET {_BOOKING}",
    "bookings": f"GET {_V1}/bookings",
    "transaction": f"GET {_V1}/transactions/{{id}}",
    "transactions": f"GET {_V1}/transactions",
    "figures of the counter": f"GET {_V1}/transactions/summary",
    "customer": f"GET {_CUSTOMER}",
    "export": f"GET {_CUSTOMER}/export",
    "statistics": f"GET {_V1}/statistics/monthly",
    "calendar page": "GET /",
    "event page": "GET /events/{id}",
    "booking page": "GET /bookings/{id}",
    "office calendar": "GET /office",
    "office event page": "GET /office/events/{id}",
}

# Their kind is their route.
BRIEFS: Mapping[str, str] = {
    route: route
    for place in PREFIXES
    for route in (
        f"POST {place}/initialize",
        f"POST {place}/book",
        f"POST {place}/cancel",
        f"GET {place}/status/{{id}}",
    )
}

KINDS: Mapping[str, str] = {**CHANGES, **READS, **BRIEFS}

_ACCOUNTS = "accounts, which sell nothing: tests/api/auth shows what must hold there"
_OPERATORS = "asked by the faults themselves, which look at what it says"

LEFT_OUT: Mapping[str, str] = {
    **dict.fromkeys(
        (
            f"POST {_V1}/users",
            f"GET {_V1}/users",
            f"PATCH {_V1}/users/{{id}}",
            f"GET {_V1}/users/{{id}}/audit",
            f"DELETE {_V1}/users/{{id}}/second-factor",
            f"GET {_V1}/users/me",
            f"PATCH {_V1}/users/me",
            f"GET {_V1}/users/me/sessions",
            f"DELETE {_V1}/users/me/sessions/{{id}}",
            f"POST {_V1}/users/me/second-factor",
            f"POST {_V1}/users/me/second-factor/confirmation",
            f"POST {_V1}/verifications/{{id}}",
            f"POST {_V1}/password-resets",
            f"POST {_V1}/password-resets/{{id}}",
            f"POST {_V1}/tokens",
            f"DELETE {_V1}/tokens/current",
            f"POST {_V1}/api-keys",
            f"GET {_V1}/api-keys",
            f"DELETE {_V1}/api-keys/{{id}}",
        ),
        _ACCOUNTS,
    ),
    **dict.fromkeys(("GET /livez", "GET /readyz", "GET /metrics"), _OPERATORS),
}

"""The headers that requests bring and answers carry, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from ticketing.api.http.middleware import HARDENING, REQUEST_ID

Described = dict[str, Any]

_TAG = r'^(W/)?"[^"]*"$'

REQUEST: dict[str, Described] = {
    REQUEST_ID: {
        "description": "What this request is called in the log and in the audit; where it is "
        "not 1 to 64 letters, digits, dots, hyphens and underscores, the service makes one.",
        "schema": {"type": "string"},
        "example": "till-1-0042",
    },
    "Idempotency-Key": {
        "description": "1 to 255 visible ASCII characters. The same request with the same key, "
        "within 24 hours, is carried out once and answered alike.",
        "schema": {"type": "string", "pattern": "^[!#-~][!-~]{0,254}$"},
        "example": "till-1-0042-3-tickets",
    },
    "If-Match": {
        "description": "The ETag that the caller saw; 412 if the event has changed since.",
        "schema": {"type": "string"},
        "example": '"7"',
    },
    "If-None-Match": {
        "description": "The ETag that the caller has; 304 if it would be shown the same.",
        "schema": {"type": "string"},
        "example": '"7"',
    },
}

RESPONSE: dict[str, Described] = {
    REQUEST_ID: {
        "description": "What this request is called in the log and in the audit.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        "example": "till-1-0042",
    },
    "ETag": {
        "description": "What is shown, an event by its state; for `If-None-Match`, and an event's "
        "for `If-Match`.",
        "required": True,
        "schema": {"type": "string", "pattern": _TAG},
        "example": '"7"',
    },
    "Location": {
        "description": "Where what was made is to be found.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/api/v1/events/674712a0c41d5e9b7f0a0001",
    },
    "Link": {
        "description": 'The next page, where there is one: `<address>; rel="next"`.',
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "That this is the answer to an earlier request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit-Policy": {
        "description": 'What this request counts for: `"policy";q=requests;w=seconds`.',
        "schema": {"type": "string", "pattern": '^"[a-z]+";q=[0-9]+;w=[0-9]+$'},
        "example": '"writes";q=120;w=60',
    },
    "RateLimit": {
        "description": "How many requests are left, and in how many seconds there is room again: "
        '`"policy";r=requests;t=seconds`.',
        "schema": {"type": "string", "pattern": '^"[a-z]+";r=[0-9]+;t=[0-9]+$'},
        "example": '"writes";r=118;t=57',
    },
    "Retry-After": {
        "description": "In how many seconds to try again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": "1",
    },
    "WWW-Authenticate": {
        "description": "How to sign in.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Vary": {
        "description": "Which headers of the request the answer depends on.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Cache-Control": {
        "description": "`no-store` where somebody has signed in.",
        "required": True,
        "schema": {"type": "string", "enum": ["no-cache", "no-store"]},
    },
    **{
        name: {
            "description": "What a browser is told about every answer.",
            "required": True,
            "schema": {"type": "string", "enum": [value]},
        }
        for name, value in HARDENING.items()
        if name != "Cache-Control"
    },
}

# What each answer carries, whatever it says.
_ALWAYS = (REQUEST_ID, "Vary", *HARDENING)


def sent(*names: str) -> dict[str, str]:
    """Name the headers of an answer, for the `headers` of a `response`."""
    return {name: name for name in names}


def around(*, limited: bool) -> dict[str, str]:
    """Name the headers that an answer has whatever it says; `limited` where requests count."""
    return sent(*_ALWAYS, *(("RateLimit-Policy", "RateLimit") if limited else ()))

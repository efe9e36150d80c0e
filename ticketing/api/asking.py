"""How a view has something changed: who asks, under which key, and what they hear."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextvars import Context
from typing import Any

from flask import Response, g, request

from ticketing.api.access import principal
from ticketing.api.answers import respond
from ticketing.api.problems import BadRequest, manner, refusal
from ticketing.domain.errors import OfficeError
from ticketing.domain.keeping import Answer
from ticketing.domain.outcomes import Outcome
from ticketing.services.groups import Asker, Keep, Settled

Shape = Callable[[Any], Answer]

REPLAYED = "Idempotency-Replayed"

_TAG = re.compile(r"([0-9]{1,18})(-public)?")
_KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e][\x21-\x7e]{0,254})')


def asker(shape: Shape) -> Asker:
    """Tell who makes this request; `shape` writes down what they will hear if it is granted."""
    who = principal().id
    key = _idempotency_key()
    keep = Keep(who, key, _fingerprint(), _answering(shape)) if key else None
    return Asker(who, g.request_id, keep)


def keyless() -> Asker:
    """Return who makes this request, on a route that takes no key."""
    return Asker(principal().id, g.request_id)


def told(settled: Settled, shape: Shape) -> Response:
    """Tell the asker what became of it: granted, refused, or what was answered before."""
    if settled.answer is None:
        return respond(_answering(shape)(settled.outcome))
    response = respond(settled.answer)
    if settled.replayed:
        response.headers[REPLAYED] = "true"
    return response


def expected_sequences() -> frozenset[int] | None:
    """Read `If-Match`: the sequences that the caller accepts, or None for any.

    A weak tag counts as the same tag (RFC 9110, 13.1.1 asks for more than we need): the tag has the
    sequence, and the sequence tells every change, to whomever the tag was shown.
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    # Where a tag is malformed, werkzeug's set has None among its members.
    tags = request.if_match.as_set(include_weak=True)
    found = (_TAG.fullmatch(tag) for tag in tags if tag)
    return frozenset(int(tag[1]) for tag in found if tag)


def etag(sequence: int) -> str:
    """Write an event's sequence as the ETag of what staff is shown."""
    return f'"{sequence}"'


def public_etag(sequence: int) -> str:
    """Write an event's sequence as the ETag of what everybody is shown.

    It is another than staff's: whoever signs in as staff must not be told that they have it all.
    """
    return f'"{sequence}-public"'


def _answering(shape: Shape) -> Callable[[Outcome], Answer]:
    """Have the answer written down where no request is.

    With a key it is written in the commit, in the thread of whoever leads the group, and so would
    see that request's `g`: who asks, and what they may know. In an empty context there is none to
    see, in anybody's thread, so that a shape which looks for one fails at its first use.
    """
    extra = manner()

    def write(outcome: Outcome) -> Answer:
        return refusal(outcome, extra) if isinstance(outcome, OfficeError) else shape(outcome)

    def answer(outcome: Outcome) -> Answer:
        return Context().run(write, outcome)

    return answer


def _idempotency_key() -> str | None:
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    found = _KEY.fullmatch(header)
    if not found:
        raise BadRequest(
            "The Idempotency-Key must be 1 to 255 visible ASCII characters, quoted or bare."
        )
    return found[1] or found[2]


def _fingerprint() -> str:
    """Tell one request from another: method, path, query and what the body says."""
    body = json.dumps(g.get("body"), sort_keys=True, default=str)
    parts = json.dumps([request.method, request.path, request.query_string.decode("latin-1"), body])
    return hashlib.sha256(parts.encode()).hexdigest()

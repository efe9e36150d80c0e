"""How a view has a command executed: for which caller, under which key, with which response."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import TypeVar, cast

from flask import Response, g, request

from ticketing.api.auth.access import principal
from ticketing.api.http.context import app_context
from ticketing.api.http.problems import BadRequest, problem_extensions, refusal
from ticketing.api.http.responses import respond
from ticketing.domain.changes.results import BookingResult, Outcome
from ticketing.domain.commands.command import Command
from ticketing.domain.errors import DomainError
from ticketing.domain.identity.caller import Caller
from ticketing.services.writes.batch import CommandResult, IdempotencyKey
from ticketing.storage.writes.idempotency import StoredResponse

ResultT = TypeVar("ResultT")

Presenter = Callable[[ResultT], StoredResponse]
"""A pure function of what a command comes to: it runs where no request is."""

REPLAYED = "Idempotency-Replayed"

_KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e][\x21-\x7e]{0,254})')


def execute(command: Command[ResultT], *, on: str, present: Presenter[ResultT]) -> Response:
    """Execute a command on an event for the caller of this request, and present the result.

    A refusal is a problem; under an Idempotency-Key the stored response is returned, if there is
    one. Raises what `CommandHandler.execute` raises.
    """
    respond_to = _responder(present)
    key = _idempotency_key(respond_to)
    result = app_context.commands.execute(command, on=on, caller=caller(), key=key)
    return _to_response(result, respond_to)


def execute_on_booking(
    command: Command[ResultT], *, booking: str, present: Presenter[ResultT]
) -> Response:
    """Execute a command on the event of a booking, as `execute` does."""
    respond_to = _responder(present)
    key = _idempotency_key(respond_to)
    result = app_context.commands.execute_on_booking(
        command, booking=booking, caller=caller(), key=key
    )
    return _to_response(result, respond_to)


def execute_move(booking: str, *, to: str, present: Presenter[BookingResult]) -> Response:
    """Move a booking to another event, as `execute` executes a command on one."""
    respond_to = _responder(present)
    key = _idempotency_key(respond_to)
    result = app_context.commands.move(booking, to=to, caller=caller(), key=key)
    return _to_response(result, respond_to)


def caller() -> Caller:
    """Return who makes this request; raises NotSignedIn."""
    who = principal()
    return Caller(who.id, g.request_id, who.customer.id if who.customer else None)


def anonymous() -> Caller:
    """Return whoever makes this request where nobody has to sign in; a code may tell who it is."""
    return Caller("anybody", g.request_id)


def _to_response(
    result: CommandResult, respond_to: Callable[[Outcome], StoredResponse]
) -> Response:
    response = respond(result.response or respond_to(result.outcome))
    if result.replayed:
        response.headers[REPLAYED] = "true"
    return response


def _responder(present: Presenter[ResultT]) -> Callable[[Outcome], StoredResponse]:
    """Return a function that writes the response where no request is.

    With a key it is written in the commit, in the thread of whoever leads the batch, and so would
    see that request's `g`: who asks, and what they may know. In an empty context there is none to
    see, in anybody's thread, so that a presenter which looks for one fails at its first use.

    It is made of functions of modules, which another process knows as well: that may commit, too.
    """
    return partial(_present_in_empty_context, present, request.path)


def _present_in_empty_context(
    present: Presenter[ResultT], path: str, outcome: Outcome
) -> StoredResponse:
    return Context().run(_present_outcome, present, path, outcome)


def _present_outcome(present: Presenter[ResultT], path: str, outcome: Outcome) -> StoredResponse:
    if isinstance(outcome, DomainError):
        return refusal(outcome, problem_extensions(path))
    return present(cast(ResultT, outcome))


def _idempotency_key(
    respond_to: Callable[[Outcome], StoredResponse],
) -> IdempotencyKey | None:
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    found = _KEY.fullmatch(header)
    if not found:
        raise BadRequest(
            "The Idempotency-Key must be 1 to 255 visible ASCII characters, quoted or bare."
        )
    return IdempotencyKey(principal().id, found[1] or found[2], _fingerprint(), respond_to)


def _fingerprint() -> str:
    """Return what tells one request from another: method, path, query and the body's content."""
    body = json.dumps(g.get("body"), sort_keys=True, default=str)
    text = json.dumps([request.method, request.path, request.query_string.decode("latin-1"), body])
    return hashlib.sha256(text.encode()).hexdigest()

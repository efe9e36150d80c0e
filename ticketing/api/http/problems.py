"""Every refusal as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from ticketing.api.auth.rate_limits import fields
from ticketing.api.legacy import aliases
from ticketing.domain.errors import (
    DomainError,
    Gone,
    Invalid,
    KeyReused,
    NotAllowed,
    NotFound,
    NotSignedIn,
    OutcomeUnknown,
    Overloaded,
    Refused,
    RequestInFlight,
    Stale,
    TooManyRequests,
    Unavailable,
    UnusableName,
    WrongSecret,
)
from ticketing.storage.driver.exhaustion import is_exhausted
from ticketing.storage.writes.idempotency import StoredResponse

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"

# Which status a family of errors is: the first that fits.
STATUS_OF: tuple[tuple[type[DomainError], int], ...] = (
    (NotFound, 404),
    (Refused, 409),
    (Gone, 410),
    (Invalid, 400),
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (WrongSecret, 403),
    (UnusableName, 400),
    (TooManyRequests, 429),
    (RequestInFlight, 409),
    (Stale, 412),
    (KeyReused, 422),
    (Unavailable, 503),
)

TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    411: "Length required",
    412: "Precondition failed",
    413: "Content too large",
    414: "URI too long",
    415: "Unsupported media type",
    417: "Expectation failed",
    422: "Unprocessable content",
    429: "Too many requests",
    431: "Request header fields too large",
    500: "Internal server error",
    503: "Service unavailable",
}

RETRY_AFTER_S = 1

# What the fields of the domain's errors are called outside, where that is not the same.
_OUTSIDE = {"current_password": "currentPassword", "tickets": "nTickets", "sold": "ticketsSold"}

CHALLENGES = 'Bearer realm="ticketing", Basic realm="ticketing", charset="UTF-8"'


Extra = Callable[[str], Mapping[str, object]]


class BadRequest(HTTPException):
    """The request is malformed; `errors` maps each faulty field to its messages."""

    code = 400
    description = "The request is malformed."

    def __init__(self, detail: str | None = None, errors: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.errors = errors


def status_of(error: DomainError) -> int:
    """Return which status an error is."""
    return status_of_kind(type(error))


def status_of_kind(kind: type[DomainError]) -> int:
    """Return which status errors of a kind are."""
    return next(status for family, status in STATUS_OF if issubclass(kind, family))


def code_of(status: int, name: str = "error") -> str:
    """Return the code of a refusal that is none of the domain's; `name` is HTTP's for it."""
    return TITLES.get(status, name).lower().replace(" ", "_")


def problem_extensions(path: str) -> Extra:
    """Return what else problems say at this path."""
    return _plainly if aliases.PATHS.fullmatch(path) else _nothing_else


def refusal(error: DomainError, extra: Extra) -> StoredResponse:
    """Return the response to one of the domain's errors, the same each time."""
    status = status_of(error)
    headers = {"Content-Type": CONTENT_TYPE}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = CHALLENGES
    if isinstance(error, TooManyRequests):
        waiting = {"Retry-After": str(RETRY_AFTER_S)}
        headers |= fields(error.standing) if error.standing else waiting
    return StoredResponse(
        status, headers, _body(status, error.code, str(error), _extension_members(error), extra)
    )


def register(app: Flask) -> None:
    """Answer every error of the application with a problem."""
    app.register_error_handler(DomainError, office_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, crash)


def plain(status: int, detail: str) -> bytes:
    """Return the body of a problem that is not one of the domain's errors."""
    return _body(status, code_of(status), detail, {}, _nothing_else)


def http_error(error: HTTPException) -> Response:
    """Return Flask's own errors as problems, with the headers that belong to them (`Allow`)."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    members = {"errors": error.errors} if isinstance(error, BadRequest) and error.errors else {}
    code = code_of(error.code, error.name)
    response = Response(
        _body(
            error.code,
            code,
            error.description or error.name,
            members,
            problem_extensions(request.path),
        ),
        error.code,
    )
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers.add(name, value)
    response.headers["Content-Type"] = CONTENT_TYPE
    return response


def office_error(error: DomainError) -> Response:
    """Return one of the domain's errors as a problem."""
    answer = refusal(error, problem_extensions(request.path))
    return Response(answer.body, answer.status, dict(answer.headers))


def _extension_members(error: DomainError) -> Mapping[str, object]:
    """Return what a problem says beside its status, code and detail (RFC 9457, 3.2)."""
    if isinstance(error, Invalid):
        return {"errors": {_OUTSIDE.get(error.field, error.field): [error.fault]}}
    return {_OUTSIDE.get(name, name): value for name, value in error.facts.items()}


def crash(error: Exception) -> Response:
    """Log what nobody has thought of, and return a problem."""
    log_line = {"request_id": g.get("request_id"), "error": type(error).__name__}
    if is_exhausted(error):
        log.error("overloaded", **log_line, exc_info=error)
        # Whoever knows that nothing has happened says so before it gets here.
        changes = request.method not in ("GET", "HEAD", "OPTIONS")
        return office_error(OutcomeUnknown() if changes else Overloaded())
    log.error("crash", **log_line, exc_info=error)
    detail = "Something went wrong on our side; the log says what."
    return Response(
        _body(500, "internal_server_error", detail, {}, problem_extensions(request.path)),
        500,
        content_type=CONTENT_TYPE,
    )


def _plainly(detail: str) -> Mapping[str, object]:
    return {"error": True, "message": detail}


def _nothing_else(detail: str) -> Mapping[str, object]:
    return {}


def _body(
    status: int, code: str, detail: str, members: Mapping[str, object], extra: Extra
) -> bytes:
    problem = {
        "type": f"urn:ticketing:problem:{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        **members,
        **extra(detail),
    }
    return json.dumps(problem, ensure_ascii=False, separators=(",", ":")).encode()

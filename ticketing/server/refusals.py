"""What gunicorn refuses before the application sees it, answered like every other error."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from uuid import uuid4

import structlog
from gunicorn.http import errors

from ticketing.api.http import problems
from ticketing.api.http.middleware import HARDENING, REQUEST_ID

log = structlog.get_logger("ticketing.requests")

# The first that fits; what fits none is a fault of ours.
_REFUSALS: tuple[tuple[type[Exception], int, str], ...] = (
    (errors.InvalidResponseHeader, 500, ""),
    (errors.InvalidResponseHeaderName, 500, ""),
    (errors.LimitRequestLine, 414, "The request line is too long."),
    (errors.LimitRequestHeaders, 431, "The request has too many header fields, or too long ones."),
    (errors.UnsupportedTransferCoding, 411, "Send the body with a Content-Length."),
    (errors.ExpectationFailed, 417, "The only expectation that is met is 100-continue."),
    (errors.InvalidRequestMethod, 400, "The request's method is not a token."),
    (errors.InvalidHTTPVersion, 400, "Ask with HTTP/1.1 or HTTP/1.0."),
    (errors.InvalidRequestLine, 400, "The request line is malformed: percent-encode its path."),
    (errors.InvalidHeader, 400, "A header field of the request is malformed."),
    (errors.InvalidHeaderName, 400, "The name of a header field of the request is malformed."),
    (errors.ParseException, 400, "The request is malformed."),
)


def answer(error: Exception, address: str | None) -> bytes:
    """Return the whole answer, and log it like any request.

    What was sent is not logged: nobody knows what is in it.
    """
    request_id = uuid4().hex
    status, detail = next(
        ((status, detail) for kind, status, detail in _REFUSALS if isinstance(error, kind)),
        (500, ""),
    )
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = "Something went wrong on our side; the log says what."
        log.error("crash", error=type(error).__name__, request_id=request_id, exc_info=error)
    body = problems.plain(status, detail)
    log.info(
        "request",
        request_id=request_id,
        method=None,
        route=None,
        status=status,
        refused=type(error).__name__,
        address=address,
        caller=None,
        bytes=len(body),
    )
    return _head(status, len(body), request_id) + body


def _head(status: int, length: int, request_id: str) -> bytes:
    fields = {
        "Server": "ticketing",
        "Date": formatdate(usegmt=True),
        "Connection": "close",
        "Content-Type": problems.CONTENT_TYPE,
        "Content-Length": str(length),
        REQUEST_ID: request_id,
        **HARDENING,
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii")

"""Every refusal as a page, for those who look at pages; programs get the API's problem."""

from __future__ import annotations

import re
from dataclasses import dataclass

import structlog
from flask import Blueprint, Flask, Response, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from ticketing.api.auth.rate_limits import fields
from ticketing.api.http import problems
from ticketing.domain.errors import (
    DatabaseUnavailable,
    DatabaseUnfit,
    DomainError,
    NotFound,
    OutcomeUnknown,
    Overloaded,
    TooManyRequests,
)
from ticketing.storage.driver.exhaustion import is_exhausted
from ticketing.web.http.headers import FOR_NOBODY, with_headers
from ticketing.web.http.last_seen import LastSeen
from ticketing.web.http.live import is_asking_again

log = structlog.get_logger(__name__)

# What lies here is never a page, whoever asks.
_NO_PAGES = re.compile(r"/(api|docs)(/.*)?|/(livez|readyz|metrics|openapi\.json)")


class NoSuchPage(NotFound):
    """There is nothing here for whoever asks."""

    code = "not_found"
    message = "There is nothing here."


class SentFromElsewhere(HTTPException):
    """A form that no page of ours has sent."""

    code = 403
    description = "This form was sent by another site's page."


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What an error page says: a word on the stub's two ends, a heading and a sentence."""

    status: int
    code: str
    over: str
    under: str
    heading: str
    sentence: str


def wants_page() -> bool:
    """Return whether a page is wanted: HTML is asked for by name, and not less than JSON."""
    accepts = request.accept_mimetypes
    named = any(mime == "text/html" for mime, _ in accepts)
    return named and accepts["text/html"] >= accepts["application/json"]


def register(app: Flask, blp: Blueprint, seen: LastSeen) -> None:
    """Answer errors with pages: those of the pages, and addresses that nothing has.

    While the database is away, a public page is what it was when it was last `seen`.
    """
    blp.register_error_handler(DomainError, _office_error)
    for error in (DatabaseUnavailable, DatabaseUnfit):
        blp.register_error_handler(error, lambda error: _away(error, seen))
    blp.register_error_handler(HTTPException, _http_error)
    blp.register_error_handler(Exception, _crash)
    for status in (404, 405):
        app.register_error_handler(status, _http_error)


def error_page(error: ErrorPage) -> Response:
    """Draw an error as a ticket that can't be had.

    A form that has a key counts once, so one that may not have counted can be sent once more.
    """
    again = request.form if error.status == 503 and "key" in request.form else None
    comes_back = error.status == 503 and request.method == "GET"
    page = render_template("error.html", error=error, again=again, comes_back=comes_back)
    response = make_response(page, error.status)
    response.vary.add("Accept")
    # Where nothing has the address no blueprint does it.
    return with_headers(response)


def _office_error(error: DomainError) -> Response:
    if not wants_page():
        return problems.office_error(error)
    response = error_page(_page_of(problems.status_of(error), error.code, _seconds(error)))
    if isinstance(error, TooManyRequests):
        headers = fields(error.standing) if error.standing else {"Retry-After": "1"}
        for name, value in headers.items():
            response.headers[name] = value
    elif response.status_code == 503:
        response.headers["Retry-After"] = str(problems.RETRY_AFTER_S)
    return response


def _away(error: DomainError, seen: LastSeen) -> Response:
    last = seen.again() if wants_page() and not is_asking_again() else None
    if last is None:
        return _office_error(error)
    last.headers["Retry-After"] = str(problems.RETRY_AFTER_S)
    last.headers["Cache-Control"] = FOR_NOBODY
    last.vary.add("Accept")
    return last


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    if not wants_page() or _NO_PAGES.fullmatch(request.path):
        return problems.http_error(error)
    code = "csrf" if isinstance(error, CSRFError) else str(error.code)
    response = error_page(_page_of(error.code, code, 0))
    for name, value in error.get_response().headers:
        if name == "Allow":
            response.headers[name] = value
    return response


def _crash(error: Exception) -> Response:
    if not wants_page():
        return problems.crash(error)
    if is_exhausted(error):
        # Whoever knows that nothing has happened says so before it gets here.
        return _office_error(OutcomeUnknown() if request.method == "POST" else Overloaded())
    log.error("crash", request_id=g.get("request_id"), error=type(error).__name__, exc_info=error)
    return error_page(_page_of(500, "500", 0))


def _seconds(error: DomainError) -> int:
    standing = error.standing if isinstance(error, TooManyRequests) else None
    return max(1, standing.reset_s) if standing else 1


def _page_of(status: int, code: str, seconds: int) -> ErrorPage:
    fitting = _BY_STATUS[500] if status >= 500 else _BY_STATUS[400]
    words = _BY_CODE.get(code) or _BY_STATUS.get(status, fitting)
    wait = f"{seconds} second{'' if seconds == 1 else 's'}"
    sentence = words.sentence.format(wait=wait)
    return ErrorPage(status, code, words.over, words.under, words.heading, sentence)


@dataclass(frozen=True, slots=True)
class _Words:
    over: str
    under: str
    heading: str
    sentence: str


_CLOSED = _Words(
    "office",
    "closed",
    "The office is closed for a moment",
    "We can’t reach our books, and nothing has happened. Tickets that you hold are safe.",
)

_BY_CODE = {
    "database_unavailable": _CLOSED,
    "database_unfit": _CLOSED,
    "outcome_unknown": _Words(
        "answer",
        "pending",
        "We don’t know yet",
        "It may have gone through. Ask again by sending the same form: it can’t count twice.",
    ),
    "busy": _Words(
        "office",
        "very busy",
        "Too many at once",
        "Nothing has happened. Try again in a moment.",
    ),
    "idempotency_key_reused": _Words(
        "form",
        "used",
        "This form has been sent before",
        "The first time counts, and this time does not. Go back and load the page again to send "
        "something else.",
    ),
    "csrf": _Words(
        "form",
        "too old",
        "This form is too old",
        "Nothing has happened. Go back, load the page again and send it once more.",
    ),
    "foreign_origin": _Words(
        "number",
        "not from here",
        "This machine only",
        "In open mode everybody is an administrator, so only pages of this machine may ask, under "
        "a name such as localhost or 127.0.0.1.",
    ),
    "event_cancelled": _Words(
        "number",
        "called off",
        "This event was called off",
        "Nothing more can be done with it, and nothing has happened.",
    ),
    "address_unverified": _Words(
        "address",
        "not shown yet",
        "Is this address yours?",
        "Nobody has shown yet that your address is yours. Open the link that was sent to it, or "
        "say so at the counter; then you can book.",
    ),
    "offer_gone": _Words(
        "code",
        "used",
        "That code has been used",
        "It is used, taken back or expired, or a letter of it got lost. Ask whoever gave it.",
    ),
    "code_not_found": _Words(
        "code",
        "too old",
        "This link is not good any more",
        "It works once, and not for ever. Ask for another.",
    ),
    "event_over": _Words(
        "number",
        "over",
        "This event is over",
        "Nothing has happened. Ask the office.",
    ),
    "account_deactivated": _Words(
        "number",
        "out of use",
        "This account is out of use",
        "Nobody can book for it, and nothing has happened.",
    ),
}

_BY_STATUS = {
    400: _Words(
        "number",
        "not valid",
        "That can’t be read",
        "Something in the address or in the form is not as it should be. Nothing has happened.",
    ),
    403: _Words(
        "number",
        "not for you",
        "This is for administrators",
        "Your account may not do this. An administrator can, or can give you the right.",
    ),
    404: _Words(
        "number",
        "not on sale",
        "There is nothing here",
        "The event may have been taken off, or a letter of the address got lost. Tickets that you "
        "hold are safe.",
    ),
    405: _Words(
        "number",
        "not this way",
        "This page takes no such request",
        "Nothing has happened. Go to the page and use its form.",
    ),
    409: _Words(
        "number",
        "refused",
        "That can’t be done",
        "A rule stands against it, and nothing has happened.",
    ),
    429: _Words("number", "too fast", "One moment", "That was fast. Try again in {wait}."),
    500: _Words(
        "number",
        "our fault",
        "That did not work",
        "Try again; if it stays, tell the office the number below.",
    ),
    503: _CLOSED,
}

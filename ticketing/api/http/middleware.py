"""What happens to every request before and after its view: deadline, checks, id, log line."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote_to_bytes
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.sessions import NullSession
from werkzeug.exceptions import LengthRequired, RequestEntityTooLarge, UnsupportedMediaType

from ticketing.api.auth.rate_limits import fields
from ticketing.api.http.context import app_context
from ticketing.api.http.problems import CONTENT_TYPE as PROBLEM
from ticketing.api.http.problems import BadRequest
from ticketing.domain.identity.users import Principal
from ticketing.storage.driver.deadlines import deadline

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

T = TypeVar("T")

log = structlog.get_logger("ticketing.requests")

REQUEST_ID = "X-Request-ID"

# What every response says to browsers; the page of the docs says more of its own.
HARDENING = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REQUEST_ID_IN_ENVIRON = "HTTP_X_REQUEST_ID"


class Application(Flask):
    """Flask, in which the API has no session."""

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Return the context of a request: the API takes no cookie, and has no session."""
        session = NullSession() if environ.get("PATH_INFO", "").startswith("/api/") else None
        return RequestContext(self, environ, session=session)


def with_deadline(app: WSGIApplication, seconds: float) -> WSGIApplication:
    """Return an application in which all that a request asks of MongoDB ends within the time.

    The answers are written in full before they are sent, so nothing is asked after this.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with deadline(seconds):
            return app(environ, start_response)

    return answer


def with_sound_prefix(app: WSGIApplication) -> WSGIApplication:
    """Return an application that passes over a path prefix that is none.

    A proxy may hand on what a client sends, and links and redirects begin with it.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _PREFIX.fullmatch(environ.get("HTTP_X_FORWARDED_PREFIX", "")):
            environ.pop("HTTP_X_FORWARDED_PREFIX", None)
        return app(environ, start_response)

    return answer


def current_object(proxy: T) -> T:
    """Return what one of Flask's proxies stands for: each use of a proxy looks it up anew."""
    found: T = proxy._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    return found


def register(app: Flask) -> None:
    """Register what checks, names and logs every request."""
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    # The name first: a refusal by one of the checks has it too.
    _name()
    _check_query()
    _check_body()


def _finish(response: Response) -> Response:
    _set_headers(response)
    _record(response)
    return response


def _name() -> None:
    """Use the caller's request id if it is a sensible one, else make one."""
    offered = request.environ.get(_REQUEST_ID_IN_ENVIRON)
    known = current_object(g)
    known.request_id = offered if offered and _REQUEST_ID.fullmatch(offered) else uuid4().hex
    known.started = time.perf_counter()


def _check_query() -> None:
    """Refuse a query that is not UTF-8.

    Werkzeug puts U+FFFD for what it can't read, and so would ask for something else. In a path that
    does no harm: no id has such a character, so that nothing is found.
    """
    query = request.query_string
    try:
        if query:
            unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise BadRequest("The query is not UTF-8.") from None


def _check_body() -> None:
    """Refuse bodies whose size is not declared or too large, and packed ones.

    gunicorn would cut a chunked body at the limit and hand it on as if it were whole.
    """
    asked = current_object(request)
    if "HTTP_TRANSFER_ENCODING" in asked.environ:
        raise LengthRequired("Send the body with a Content-Length.")
    if asked.environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")
    limit = asked.max_content_length
    if limit is not None and (asked.content_length or 0) > limit:
        raise RequestEntityTooLarge(f"The body may have at most {limit} bytes.")


def _allow(response: Response) -> None:
    """Name in `Allow` what the resource can do, not what others can whose pattern fits its path.

    `/users/me/second-factor` fits `/users/<id>/second-factor` as well, which can be deleted.
    """
    adapter = request_ctx.url_adapter
    if adapter is None:
        return
    methods = {method.strip() for method in response.headers["Allow"].split(",")}
    rules = [adapter.match(method=method, return_rule=True)[0] for method in methods]
    # Werkzeug knows by the path alone what it would take: the resource is what names most of it.
    closest = min(rules, key=lambda rule: len(rule.arguments))
    own = {m for other in adapter.map.iter_rules() if other.rule == closest.rule
           for m in other.methods or ()}  # fmt: skip
    response.headers["Allow"] = ", ".join(sorted(methods & own))


def _set_headers(response: Response) -> None:
    """Add the request's name, and what every response says unless its view has said otherwise."""
    known, headers = current_object(g), response.headers
    said = {name.lower() for name, _ in headers}
    if "allow" in said:
        _allow(response)
    certain = {REQUEST_ID: known.get("request_id", "")}
    if "HTTP_AUTHORIZATION" in request.environ:
        certain["Cache-Control"] = "no-store"
    for name in certain:
        if name.lower() in said:
            del headers[name]
    standing = known.get("rate")
    unless_said = HARDENING if standing is None else {**HARDENING, **fields(standing)}
    added = {name: value for name, value in unless_said.items() if name.lower() not in said}
    # Werkzeug would look through all that are there for each that is set.
    for name, value in (added | certain).items():
        headers.add(name, value)
    if "vary" in said:
        response.vary.add("Authorization")
    else:
        headers.add("Vary", "Authorization")


def _record(response: Response) -> None:
    """Write the request's line into the log, and count it."""
    asked, known = current_object(request), current_object(g)
    elapsed_s = time.perf_counter() - known.get("started", time.perf_counter())
    route = asked.url_rule.rule if asked.url_rule else None
    log.info(
        "request",
        request_id=known.get("request_id", ""),
        method=asked.method,
        route=route,
        status=response.status_code,
        address=asked.remote_addr,
        caller=_caller(),
        bytes=response.calculate_content_length(),
        ms=round(elapsed_s * 1000, 2),
    )
    metrics = app_context.metrics
    metrics.count_request(route, asked.method, response.status_code, elapsed_s)
    if response.mimetype == PROBLEM:
        metrics.count_refusal(json.loads(response.get_data())["code"])


def _caller() -> str | None:
    """Return the id of the user, or the key, who asks; None where nobody has signed in.

    Who has merely given a name, in open mode, is called by it: that is not for the log.
    """
    principal: Principal | None = g.get("principal")
    return principal.id if principal is not None and principal.proven else None

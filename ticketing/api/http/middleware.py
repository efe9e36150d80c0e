"""What happens to every request before and after its view: deadline, checks, id, log line."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from flask.globals import request_ctx
from werkzeug.exceptions import LengthRequired, RequestEntityTooLarge, UnsupportedMediaType

from ticketing.api.auth.rate_limits import fields
from ticketing.api.http.context import app_context
from ticketing.api.http.problems import CONTENT_TYPE as PROBLEM
from ticketing.api.http.problems import BadRequest
from ticketing.domain.identity.users import Principal
from ticketing.storage.driver.deadlines import deadline

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

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


def register(app: Flask) -> None:
    """Register what checks, names and logs every request."""
    app.before_request(_name)
    app.before_request(_check_query)
    app.before_request(_check_body)
    app.after_request(_finish)


def _name() -> None:
    """Use the caller's request id if it is a sensible one, else make one."""
    offered = request.headers.get(REQUEST_ID, "")
    g.request_id = offered if _REQUEST_ID.fullmatch(offered) else uuid4().hex
    g.started = time.perf_counter()


def _check_query() -> None:
    """Refuse a query that is not UTF-8.

    Werkzeug puts U+FFFD for what it can't read, and so would ask for something else. In a path that
    does no harm: no id has such a character, so that nothing is found.
    """
    try:
        unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise BadRequest("The query is not UTF-8.") from None


def _check_body() -> None:
    """Refuse bodies whose size is not declared or too large, and packed ones.

    gunicorn would cut a chunked body at the limit and hand it on as if it were whole.
    """
    if "Transfer-Encoding" in request.headers:
        raise LengthRequired("Send the body with a Content-Length.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")
    limit = request.max_content_length
    if limit is not None and (request.content_length or 0) > limit:
        raise RequestEntityTooLarge(f"The body may have at most {limit} bytes.")


def _allow(response: Response) -> None:
    """Name in `Allow` what the resource can do, not what others can whose pattern fits its path.

    `/transactions/summary` fits `/transactions/<id>` as well, of which something can be deleted.
    """
    adapter = request_ctx.url_adapter
    if "Allow" not in response.headers or adapter is None:
        return
    methods = {method.strip() for method in response.headers["Allow"].split(",")}
    method = "GET" if "GET" in methods else min(methods - {"OPTIONS", "HEAD"}, default="OPTIONS")
    rule, _ = adapter.match(method=method, return_rule=True)
    own = {m for other in adapter.map.iter_rules() if other.rule == rule.rule
           for m in other.methods or ()}  # fmt: skip
    response.headers["Allow"] = ", ".join(sorted(methods & own))


def _finish(response: Response) -> Response:
    _allow(response)
    request_id = g.get("request_id", "")
    response.headers[REQUEST_ID] = request_id
    for name, value in HARDENING.items():
        response.headers.setdefault(name, value)
    if "Authorization" in request.headers:
        response.headers["Cache-Control"] = "no-store"
    response.vary.add("Authorization")
    if (standing := g.get("rate")) is not None:
        for name, value in fields(standing).items():
            response.headers.setdefault(name, value)
    elapsed_s = time.perf_counter() - g.get("started", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else None
    app_context.metrics.count_request(route, request.method, response.status_code, elapsed_s)
    if response.mimetype == PROBLEM:
        app_context.metrics.count_refusal(json.loads(response.get_data())["code"])
    log.info(
        "request",
        request_id=request_id,
        method=request.method,
        route=route,
        status=response.status_code,
        address=request.remote_addr,
        caller=_caller(),
        bytes=response.calculate_content_length(),
        ms=round(elapsed_s * 1000, 2),
    )
    return response


def _caller() -> str | None:
    """Return the id of the user, or the key, who asks; None where nobody has signed in.

    Who has merely given a name, in open mode, is called by it: that is not for the log.
    """
    principal: Principal | None = g.get("principal")
    return principal.id if principal is not None and principal.proven else None

"""What happens to every request before and after its view: checks, request id, log line."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import LengthRequired, RequestEntityTooLarge, UnsupportedMediaType

from ticketing.api.rates import fields

log = structlog.get_logger("ticketing.requests")

REQUEST_ID = "X-Request-ID"

# What a browser is told about every answer; the page of the docs says more of its own.
_HARDENING = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    """Have every request checked, named and logged."""
    app.before_request(_name)
    app.before_request(_check_body)
    app.after_request(_finish)


def _name() -> None:
    """Take the caller's request id if it is a sensible one, else make one."""
    offered = request.headers.get(REQUEST_ID, "")
    g.request_id = offered if _REQUEST_ID.fullmatch(offered) else uuid4().hex
    g.started = time.perf_counter()


def _check_body() -> None:
    """Refuse bodies whose size is not told or too large, and packed ones.

    gunicorn would cut a chunked body at the limit and hand it on as if it were whole.
    """
    if "Transfer-Encoding" in request.headers:
        raise LengthRequired("Send the body with a Content-Length.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")
    limit = request.max_content_length
    if limit is not None and (request.content_length or 0) > limit:
        raise RequestEntityTooLarge(f"The body may have at most {limit} bytes.")


def _finish(response: Response) -> Response:
    request_id = g.get("request_id", "")
    response.headers[REQUEST_ID] = request_id
    for name, value in _HARDENING.items():
        response.headers.setdefault(name, value)
    if "Authorization" in request.headers:
        response.headers["Cache-Control"] = "no-store"
    response.vary.add("Authorization")
    if (standing := g.get("rate")) is not None:
        for name, value in fields(standing).items():
            response.headers.setdefault(name, value)
    log.info(
        "request",
        request_id=request_id,
        method=request.method,
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        ms=round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 2),
    )
    return response

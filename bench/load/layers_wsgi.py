"""The service, with less and less of it at two more addresses: the layers of a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response

from bench.load.scenarios import BARE, FLASK
from bench.load.wsgi import app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_BODY = b'{"status":"live"}'

plain = Flask("plain")


@plain.get(FLASK)
def flask_alone() -> Response:
    """Answer as Flask does by itself, with nothing of ours around it."""
    return Response(_BODY, content_type="application/json")


_service = app.wsgi_app


def layers(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer without Flask, by Flask alone, or as the service does."""
    path = environ["PATH_INFO"]
    if path == BARE:
        start_response("200 OK", [("Content-Type", "application/json"),
                                  ("Content-Length", str(len(_BODY)))])  # fmt: skip
        return [_BODY]
    return (plain.wsgi_app if path == FLASK else _service)(environ, start_response)


app.wsgi_app = layers  # type: ignore[method-assign]

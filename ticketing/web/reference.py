"""`/docs/`: how one signs in, a first request to copy, and every operation, from the document.

Written by the server and not by a script: Swagger UI's bundle is 1.7 MB, wants inline styles, and
shows nothing until it has run. These are some 30 kB each, under the policy of every other page.

They look at no credentials and count for no rate, as the document itself: whoever has to find out
how to sign in can't have signed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request

from ticketing.web.http.headers import HEADERS
from ticketing.web.presenters.reference import Reference, reference_of


def blueprint(document: Callable[[], Mapping[str, Any]]) -> Blueprint:
    """Return the pages that show a document, which is asked for with the first of them."""
    blp = Blueprint("docs", __name__, url_prefix="/docs")

    @cache
    def shown() -> Reference:
        return reference_of(document())

    @blp.get("/")
    def index() -> Response:
        return _page("reference/index.html", reference=shown())

    @blp.get("/<tag>")
    def tag(tag: str) -> Response:
        if tag not in shown().tags:
            abort(404)
        return _page("reference/tag.html", reference=shown(), tag=shown().tags[tag])

    return blp


def _page(template: str, **known: object) -> Response:
    response = make_response(render_template(template, here=request.url_root.rstrip("/"), **known))
    response.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"]
    return response

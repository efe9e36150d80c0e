"""Pages that ask for themselves again: a tag for what they show, and 304 while that stays."""

from __future__ import annotations

import hashlib
from datetime import date

from flask import Response, g, request


def tag_of(*shown: object, day: date) -> str:
    """Return the tag of a page that depends on these values, on the day and on who looks."""
    who = g.principal.id if g.get("principal") else None
    text = repr((who, day, request.query_string, *shown))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def if_changed(tag: str) -> Response | None:
    """Return 304 for whoever has the page with this tag already."""
    if not request.if_none_match.contains_weak(tag):
        return None
    response = Response(status=304)
    response.set_etag(tag, weak=True)
    return response


def tagged(response: Response, tag: str) -> Response:
    """Return a page with its tag."""
    response.set_etag(tag, weak=True)
    return response


def is_asking_again() -> bool:
    """Return whether a script asks on behalf of a page that is open already."""
    return "X-Live" in request.headers

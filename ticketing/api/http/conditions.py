"""Reads that are asked for under a condition: `If-Match` and `If-None-Match` (RFC 9110, 13)."""

from __future__ import annotations

from flask import Response, request

from ticketing.api.http.execute import expected_sequences
from ticketing.domain.errors import Stale


def if_unknown(response: Response, sequence: int) -> Response:
    """Answer 304 to a caller who has this very ETag; raises Stale where `If-Match` is another's.

    Werkzeug's own `make_conditional` would answer the second with the event and a bare 412.
    """
    expected = expected_sequences()
    if expected is not None and sequence not in expected:
        raise Stale
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(
        response.get_etag()[0] or ""
    ):
        response.status_code = 304
    return response

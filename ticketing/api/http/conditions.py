"""Reads that are asked for under a condition: `If-Match` and `If-None-Match` (RFC 9110, 13)."""

from __future__ import annotations

import re

from flask import Response, request

from ticketing.domain.errors import Stale

_TAG = re.compile(r"([0-9]{1,18})(-public)?")


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


def expected_sequences() -> frozenset[int] | None:
    """Read `If-Match`: the sequences that the caller accepts, or None for any.

    A weak tag counts as the same tag (RFC 9110, 13.1.1 asks for more than we need): the tag has the
    sequence, and the sequence tells every change, to whomever the tag was shown.
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    # Where a tag is malformed, werkzeug's set has None among its members.
    tags = request.if_match.as_set(include_weak=True)
    found = (_TAG.fullmatch(tag) for tag in tags if tag)
    return frozenset(int(tag[1]) for tag in found if tag)


def etag(sequence: int) -> str:
    """Return the ETag of what staff is shown, which is the event's sequence."""
    return f'"{sequence}"'


def public_etag(sequence: int) -> str:
    """Return the ETag of what everybody is shown.

    It is another than staff's: whoever signs in as staff must not be told that they have it all.
    """
    return f'"{sequence}-public"'

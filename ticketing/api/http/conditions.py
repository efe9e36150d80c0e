"""Reads that are asked for under a condition: `If-Match` and `If-None-Match` (RFC 9110, 13)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any

from flask import Response, request

from ticketing.domain.errors import Stale

_TAG = re.compile(r"([0-9]{1,18})(-public)?")


def if_unknown(tag: str, sequence: int, show: Callable[[], Response]) -> Response:
    """Show an event, or answer 304 to a caller who has this very ETag, before anything is written.

    Raises Stale where `If-Match` is another's: werkzeug's own `make_conditional` would answer that
    with the event and a bare 412.
    """
    expected = expected_sequences()
    if expected is not None and sequence not in expected:
        raise Stale
    if _is_known(tag.strip('"')):
        return Response(status=304, headers={"ETag": tag})
    return show()


def tagged(view: Callable[..., Response]) -> Callable[..., Response]:
    """Give what a view shows a weak ETag of its content.

    A view that knows better what makes its answer another one sets the ETag itself.
    """

    @wraps(view)
    def show(*args: Any, **kwargs: Any) -> Response:
        response = view(*args, **kwargs)
        if response.get_etag()[0] is None:
            response.set_etag(content_tag(response.get_data()), weak=True)
        return response

    return show


def unless_known(view: Callable[..., Response]) -> Callable[..., Response]:
    """Answer 304 to a caller who has the ETag of what a view shows."""

    @wraps(view)
    def show(*args: Any, **kwargs: Any) -> Response:
        response = view(*args, **kwargs)
        if _is_known(response.get_etag()[0] or ""):
            return Response(status=304, headers={"ETag": response.headers["ETag"]})
        return response

    return show


def content_tag(content: bytes) -> str:
    """Return what stands for a content in an ETag."""
    return blake2b(content, digest_size=12).hexdigest()


def _is_known(tag: str) -> bool:
    return "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag)


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

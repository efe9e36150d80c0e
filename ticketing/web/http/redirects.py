"""Where a browser goes after a form: to a page that a reload may ask for again."""

from __future__ import annotations

from flask import Response, redirect


def see_other(address: str) -> Response:
    """Return a redirect that is followed by a GET, whatever was sent (RFC 9110, 15.4.4)."""
    answer: Response = redirect(address, 303)  # type: ignore[assignment]
    return answer

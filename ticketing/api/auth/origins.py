"""Which web pages may ask: none of another origin, but for those that the operator lists (CORS).

In open mode everybody is an administrator, and so is any page that the operator's browser shows: by
a form, which is sent without asking first (CSRF), or under a name that suddenly means this machine
(DNS rebinding). So there

* `Host` has to be loopback, on every route. A page that was loaded under another name, whatever
  address that name has by now, sends its own name.
* `Origin` has to be loopback too, or listed. Whoever can serve a page from this machine can ask
  without one. `null`, which a sandboxed page or a file sends, is nobody.
* `Sec-Fetch-Site` has to be `same-origin` or `none` (typed, a bookmark). Browsers send it also
  where they send no `Origin`: images, scripts, links. Following a link is let through, since it
  changes nothing, and the page that it comes from can't read the answer.

What is no browser sends neither of the latter two.

In required mode none of this is needed: there are no cookies, so a foreign page has no credentials.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from flask import Flask, Response, request
from flask_cors import CORS

from ticketing.domain.errors import ForeignOrigin

# What a page of another origin may read of an answer.
EXPOSED = [
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
]

_AUTHORITY = re.compile(r"(localhost|[0-9.]+|\[[0-9a-f:]+\])(?::[0-9]*)?", re.IGNORECASE)
_LOOPBACK_6 = ipaddress.IPv6Address("::1")
_ORIGIN = re.compile(r"https?://(.*)")


def allow(app: Flask, origins: Collection[str]) -> None:
    """Allow pages of these origins to ask and to read the answers.

    flask-cors takes a text with brackets or an asterisk for a pattern, and compares without regard
    to case: it is given patterns that fit one origin exactly.
    """
    exactly = [re.compile(re.escape(origin) + r"\Z") for origin in origins]
    CORS(app, origins=exactly, expose_headers=EXPOSED, vary_header=False)

    @app.after_request
    def vary(response: Response) -> Response:
        """Set `Vary` for caches, also where there is no origin or one that is not listed."""
        response.vary.add("Origin")
        return response


def refuse_foreign(app: Flask, listed: Collection[str]) -> None:
    """Answer 403 to whatever a page of an origin that is not listed may have sent."""

    @app.before_request
    def refuse() -> None:
        if not is_loopback(request.headers.get("Host", "")) or _is_foreign_page(listed):
            raise ForeignOrigin


def is_loopback(authority: str) -> bool:
    """Return whether a `Host` names this machine: localhost, 127.0.0.0/8, [::1], with any port."""
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return False
    host = found[1].lower()
    if host == "localhost":
        return True
    try:
        if host.startswith("["):
            return ipaddress.IPv6Address(host[1:-1]) == _LOOPBACK_6
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


def _is_foreign_page(listed: Collection[str]) -> bool:
    origin = request.headers.get("Origin")
    if origin in listed:
        return False
    if origin is not None:
        found = _ORIGIN.fullmatch(origin)
        if found is None or not is_loopback(found[1]):
            return True
    if request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none"):
        return False
    follows_link = request.headers.get("Sec-Fetch-Mode") == "navigate"
    return not (follows_link and origin is None and request.method in ("GET", "HEAD"))

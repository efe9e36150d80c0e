"""Public pages as they were last seen, for while the database is away.

What nobody had signed in for is kept, a few pages in each process: it holds nothing personal, no
token and no form that could be sent. A page that belongs to somebody is not kept: whether they are
still signed in is what can't be asked then.
"""

from __future__ import annotations

import re
import threading
from datetime import datetime

from flask import Response, g, make_response, request

from ticketing.services.recent import Recent

_MOST_KEPT = 32

_FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
_CLOSED = '<p class="hint">Nothing can be booked until the office is back.</p>'


class LastSeen:
    """The last public pages, by address; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Recent[tuple[str, str], tuple[str, datetime]] = Recent(_MOST_KEPT)

    def keep(self, response: Response, now: datetime) -> None:
        """Keep a page, if it is one that anybody may see."""
        found = g.get("page")
        if found is None or not found.public or g.get("principal") is not None:
            return
        # With queries one could fill the place of all pages that people look at.
        if response.status_code != 200 or response.mimetype != "text/html" or request.query_string:
            return
        with self._lock:
            self._kept[_address()] = response.get_data(as_text=True), now

    def again(self) -> Response | None:
        """Return the page that is asked for as it was last seen, with a word about it, or None."""
        found = g.get("page")
        if request.method != "GET" or found is None or not found.public or request.query_string:
            return None
        with self._lock:
            kept = self._kept.get(_address())
        if kept is None:
            return None
        html, at = kept
        return make_response(_marked(html, at.strftime("%H:%M:%S")), 503)


def _marked(html: str, at: str) -> str:
    """Return a page without its forms, with the note on top that `base.html` has ready."""
    every = "" if " data-every=" in html else ' data-every="5"'
    html = _FORM.sub(_CLOSED, html)
    html = html.replace('<main id="main"', f'<main id="main" data-code="last_seen"{every}', 1)
    html = html.replace('id="away" role="alert" hidden', 'id="away" role="alert"', 1)
    return html.replace('<time id="seen"></time>', f'<time id="seen">{at}</time>', 1)


def _address() -> tuple[str, str]:
    return request.script_root, request.path

"""What a browser is told about every page: what it may load and send, and who may keep it."""

from __future__ import annotations

import gzip

from flask import Response, g, request

# Nothing from elsewhere, nothing inline, no form to elsewhere, in no frame. `same-origin` and not
# `no-referrer`: under that one browsers send forms with `Origin: null`, as sandboxed pages do.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

FOR_EVER = "public, max-age=31536000, immutable"
# Nothing of anybody's is in it, and a crowd that reloads is served once in five seconds.
FOR_ALL = "public, max-age=5"
FOR_NOBODY = "private, no-store"


def with_headers(response: Response) -> Response:
    """Return a page with its headers; those that are there stay."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        found = g.get("page")
        for_all = found is not None and found.public and g.get("principal") is None
        kept = for_all and response.status_code in (200, 304)
        response.headers["Cache-Control"] = FOR_ALL if kept else FOR_NOBODY
        if kept:
            _pack(response)
    return response


def _pack(response: Response) -> None:
    """Pack what anybody may see, for who takes it packed.

    What holds a token stays as it is: its length would tell of it (BREACH, CVE-2013-3587).
    """
    response.vary.add("Accept-Encoding")
    if response.mimetype == "text/html" and request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(response.get_data(), compresslevel=5, mtime=0))
        response.headers["Content-Encoding"] = "gzip"

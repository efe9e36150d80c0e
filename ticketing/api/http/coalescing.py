"""Request coalescing: an answer is made once for all who ask for the same together."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request

from ticketing.api.auth.access import is_staff
from ticketing.api.http.context import app_context
from ticketing.api.http.responses import respond
from ticketing.storage.writes.idempotency import StoredResponse


def coalesced(view: Callable[..., Response]) -> Callable[..., Response]:
    """Make what a view shows once for all who ask while it is being made.

    It is for a view whose answer depends on the address that is asked for and on whether staff
    asks, and on nothing else. Nobody is shown anything older than their question.
    """

    @wraps(view)
    def show(*args: Any, **kwargs: Any) -> Response:
        audience = "staff" if is_staff() else "everybody"
        # Where the proxy serves it is in the addresses that the answer has.
        key = f"{audience} {request.script_root} {request.full_path}"
        return respond(app_context.reads.get(key, lambda: _stored(view(*args, **kwargs))))

    return show


def _stored(response: Response) -> StoredResponse:
    return StoredResponse(response.status_code, dict(response.headers), response.get_data())

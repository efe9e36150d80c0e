"""The time that a request may take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ticketing.storage.deadlines import within

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def bounded(app: WSGIApplication, seconds: float) -> WSGIApplication:
    """Have all that a request asks of MongoDB end within so many seconds.

    The answers are written in full before they are sent, so nothing is asked after this.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with within(seconds):
            return app(environ, start_response)

    return answer

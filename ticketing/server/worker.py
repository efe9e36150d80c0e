"""The worker that serves: gunicorn's threaded one, fair, and with our answers to bad requests."""

from __future__ import annotations

import select
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from gunicorn.http.errors import ParseException

from ticketing.server import refusals
from ticketing.server.sharing import FairWorker

# How long a client may take to receive the end of a response, and how much more it may send.
PATIENCE_S = 1.0
# How soon the next request on a connection comes where a client asks at once.
AT_ONCE_MS = 2
MOST_UNHEARD_BYTES = 1_048_576

# gunicorn's own bound (gunicorn.http.parser).
MOST_DRAINED_BYTES = 65_536


class Worker(FairWorker):
    """gunicorn's threaded worker as we need it."""

    def init_process(self) -> None:
        """Serve until told to stop; what goes wrong is one line of the log, not a bare sentence."""
        try:
            super().init_process()
        except Exception:
            self.log.exception("The worker has ended by itself")
            # gunicorn's own codes: a server whose workers can't start ends, too.
            sys.exit(1 if self.booted else 3)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what gunicorn can't read, or what broke in it, with a problem, and close.

        Where the rest of a body can't be read, its request has had its answer already.
        """
        if req is not None and isinstance(exc, ParseException):
            return
        answer = refusals.answer(exc, addr[0] if addr else None)
        with suppress(OSError):
            client.settimeout(PATIENCE_S)
            client.sendall(answer)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer one request, saying so beforehand where its connection can't be kept.

        Of a body that the answer has left unread gunicorn reads 64 KiB at most, when the answer is
        on its way already. A connection that was said to be kept, and is closed, may have the next
        request on it by then: a proxy answers 502 for it.
        """
        if _may_stay_unread(req):
            req.force_close()
        return super().handle_request(req, conn)

    def handle(self, conn: Any) -> Any:
        """Answer requests for as long as one follows at once, and see off what is not kept.

        gunicorn would hand a connection back to its main thread after each request, and that one to
        another thread with the next: where a client asks again at once, as in a rush, that is a
        tenth of the work. It would also wait in its main thread for clients that do not hang up,
        2 s for each, and nobody else would be accepted or heard meanwhile.
        """
        while (kept := super().handle(conn)) is True and self.alive:
            if not (self.has_threads_for_all() and _asks_again(conn.sock)):
                break
        if not kept:
            _see_off(conn.sock)
        return kept


def _may_stay_unread(req: Any) -> bool:
    fields = dict(req.headers)
    length: str = fields.get("CONTENT-LENGTH", "0")
    return (
        "TRANSFER-ENCODING" in fields or not length.isdigit() or int(length) >= MOST_DRAINED_BYTES
    )


def _asks_again(connection: socket.socket) -> bool:
    """Return whether the next request, or the end, comes within a moment."""
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(AT_ONCE_MS))


def _see_off(connection: socket.socket) -> None:
    """Wait until the client has received all and hangs up, for a moment, and read nothing after it.

    A connection that is closed with something unread is reset, and the answer may be lost with it.
    """
    until = time.monotonic() + PATIENCE_S
    unheard = MOST_UNHEARD_BYTES
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while unheard > 0 and (remaining := until - time.monotonic()) > 0:
            connection.settimeout(remaining)
            heard = connection.recv(min(unheard, 65_536))
            if not heard:
                break
            unheard -= len(heard)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)

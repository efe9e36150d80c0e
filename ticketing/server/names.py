"""What a process calls itself in MongoDB's list of clients."""

from __future__ import annotations

import os
import secrets
import socket

_TOKEN = "_TICKETING_RUN_TOKEN"


def new_run_token() -> None:
    """Return this server, and the workers that it forks, a name of their own."""
    os.environ[_TOKEN] = secrets.token_hex(8)


def appname(pid: int | None = None) -> str:
    """Name a process of this server: host, pid and the server's token, at most 128 bytes.

    A process id comes again and a host may have twins, so the token makes the name unique.
    """
    token = os.environ.get(_TOKEN, "") or "alone"
    return f"ticketing-{socket.gethostname()[:64]}-{pid or os.getpid()}-{token}"

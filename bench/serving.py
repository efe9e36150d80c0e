"""The server that a benchmark asks, as `make serve` runs it."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.client import Client
from ticketing.server.running import GUNICORN


def start(
    uri: str,
    port: int,
    workers: int,
    app: str,
    *,
    own: Path | None = None,
    cpu: int | None = None,
    **settings: str,
) -> subprocess.Popen[bytes]:
    """Start a server with so many workers and wait until it is ready.

    With a folder of its `own` it shares no lock with another, like one on another host; a `cpu`
    is the only processor that it may use, since each server gives its first worker the first.
    """
    settings = {"MONGODB_URI": uri, "DATABASE": "bench", "PORT": str(port),
                "WORKERS": str(workers), **settings}  # fmt: skip
    folder = {"TMPDIR": str(own)} if own else {}
    environment = {**os.environ, **folder, **{f"TICKETING_{k}": v for k, v in settings.items()}}
    server = subprocess.Popen(
        [*(["taskset", "--cpu-list", str(cpu)] if cpu is not None else []), *GUNICORN, app],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return server
        except OSError:
            time.sleep(0.1)
    server.kill()
    raise SystemExit("the server did not become ready")


def post(client: Client, path: str, body: object, **headers: str) -> Any:
    """Ask for a change that has to succeed; return what is answered."""
    answer = client.post(path, body, **headers)
    if answer.status != 201:
        raise SystemExit(f"{path}: {answer.status} {answer.body.decode()}")
    return answer.json

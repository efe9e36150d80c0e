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
    uri: str, port: int, workers: int, app: str, folder: Path | None = None, **settings: str
) -> subprocess.Popen[bytes]:
    """Start a server with so many workers and wait until it is ready.

    `folder` is where its processes share what those of a host do, if it is to be one by itself.
    """
    settings = {"MONGODB_URI": uri, "DATABASE": "bench", "PORT": str(port),
                "WORKERS": str(workers), **settings}  # fmt: skip
    environment = {**os.environ, **{f"TICKETING_{k}": v for k, v in settings.items()}}
    if folder is not None:
        environment["TMPDIR"] = str(folder)
    server = subprocess.Popen(
        [*GUNICORN, app],
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

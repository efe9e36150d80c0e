"""The server that a benchmark asks, as `make serve` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from http.client import HTTPConnection
from typing import Any

from ticketing.server.running import GUNICORN


def start(uri: str, port: int, workers: int, app: str, **settings: str) -> subprocess.Popen[bytes]:
    """Start a server with so many workers and wait until it is ready."""
    settings = {"MONGODB_URI": uri, "DATABASE": "bench", "PORT": str(port),
                "WORKERS": str(workers), **settings}  # fmt: skip
    environment = {**os.environ, **{f"TICKETING_{k}": v for k, v in settings.items()}}
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


def post(port: int, path: str, body: object, **headers: str) -> Any:
    """Ask for a change that has to succeed; return what is answered."""
    return post_on(HTTPConnection("127.0.0.1", port, timeout=30), path, body, **headers)


def post_on(connection: HTTPConnection, path: str, body: object, **headers: str) -> Any:
    """Ask for a change on a connection that is kept."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if data else {}
    connection.request("POST", path, data, {**sent, **headers})
    response = connection.getresponse()
    told = response.read()
    if response.status != 201:
        raise SystemExit(f"{path}: {response.status} {told.decode()}")
    return json.loads(told)

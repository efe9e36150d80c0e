"""The server that a benchmark asks, as `make serve` runs it."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import cpu
from bench.load.office import Office
from tests.client import Client
from ticketing.server.mongod import die_with_parent, free_port
from ticketing.server.running import GUNICORN, SERVICE

SECRET = "a-key-for-the-benchmark-alone-0123456789"
METRICS_KEY = "another-key-for-the-benchmark-alone-0123"

# However slow the machine is, nobody is refused for lack of time: that would be no fault.
PATIENCE = {
    "LANE_WAIT_S": "25",
    "COMMIT_TIMEOUT_S": "30",
    "REQUEST_TIMEOUT_S": "30",
    "GRACEFUL_TIMEOUT_S": "30",
}

STOP_TIMEOUT_S = 40


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready: where it listens, and its processes."""

    port: int
    workers: tuple[int, ...]

    def client(self) -> Client:
        """Return a client with a connection of its own."""
        return Client(self.port)


@contextmanager
def serving(
    office: Office,
    workers: int = 2,
    app: str = SERVICE,
    *,
    own: Path | None = None,
    processor: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Serve with so many workers, in open mode but for the settings, until the block ends.

    With a folder of its `own` it shares no lock with another, like one on another host; a
    `processor` is the only one that it may use, since each server gives its first worker the first.
    Ends the program where the server does not become ready.
    """
    port = free_port()
    process = _start(office, port, workers, app, own, processor, settings or {})
    try:
        yield Server(port, _when_ready(process, port))
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(
    office: Office,
    port: int,
    workers: int,
    app: str,
    own: Path | None,
    processor: int | None,
    settings: Mapping[str, str],
) -> subprocess.Popen[bytes]:
    settings = {"MONGODB_URI": office.mongod.uri, "DATABASE": office.settings.database,
                "PORT": str(port), "WORKERS": str(workers), "AUTH": "open",
                "METRICS_KEY": METRICS_KEY, **PATIENCE, **settings}  # fmt: skip
    # What is set around the benchmark is none of its own.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TICKETING_")}
    folder = {"TMPDIR": str(own)} if own else {}
    return subprocess.Popen(
        [*(["taskset", "--cpu-list", str(processor)] if processor is not None else []),
         *GUNICORN, app],
        env={**inherited, **folder, **{f"TICKETING_{k}": v for k, v in settings.items()}},
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )  # fmt: skip


def _when_ready(process: subprocess.Popen[bytes], port: int) -> tuple[int, ...]:
    """Return the server's workers as soon as it answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return tuple(cpu.children_of(process.pid))
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise SystemExit("the server did not become ready")


def post(client: Client, path: str, body: object, **headers: str) -> Any:
    """Ask for a change that has to succeed; return what is answered."""
    answer = client.post(path, body, **headers)
    if answer.status != 201:
        raise SystemExit(f"{path}: {answer.status} {answer.body.decode()}")
    return answer.json

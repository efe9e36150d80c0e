"""wrk, which asks as fast as it can, and what it has measured."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

EVENT = {"name": "Rush", "date": "2024-10-31", "capacity": 1_000_000, "costPerTicket": 5}
SALES = "/api/v1/transactions"


class Figures(NamedTuple):
    """What wrk has measured: requests a second, and how long they took, with a unit."""

    rate: float
    p50: str
    p99: str


def wrk(port: int, path: str, script: Path, connections: int, seconds: int) -> Figures:
    """Ask for so many seconds; return what was measured, or exit with what went wrong."""
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "--timeout", "30s",
         "-s", str(script), f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if refused := re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: .*", out):
        raise SystemExit(f"{path}: {refused[0]}")
    return Figures(
        float(_figure(r"Requests/sec:\s+(\S+)", out)),
        _figure(r"\n\s+50%\s+(\S+)", out),
        _figure(r"\n\s+99%\s+(\S+)", out),
    )


def _figure(pattern: str, out: str) -> str:
    found = re.search(pattern, out)
    if found is None:
        raise SystemExit(f"wrk said something else than expected:\n{out}")
    return found[1]


def sales_script(folder: Path, event: str) -> Path:
    """Return a script that sells one ticket with each request."""
    script = folder / f"sell-{event}.lua"
    script.write_text(
        f"""wrk.method = "POST"
wrk.body = '{{"event":"{event}","nTickets":1}}'
wrk.headers["Content-Type"] = "application/json"
"""
    )
    return script

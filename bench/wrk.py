"""Asks a server with wrk, and reads what it has measured."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


class Figures(NamedTuple):
    """Requests a second, and how many milliseconds they took."""

    rate: float
    p50_ms: float
    p99_ms: float
    requests: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked again and again: `{n}` in the body counts up, tokens are used in turns."""

    method: str
    path: str
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    tokens: Sequence[str] = ()
    refused: bool = False


def ask(port: int, asked: Asked, folder: Path, connections: int, seconds: int) -> Figures:
    """Ask for so many seconds; ends the program where answers are not those that are expected."""
    script = folder / "asked.lua"
    script.write_text(_script(asked))
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "--timeout", "30s",
         "-s", str(script), f"http://127.0.0.1:{port}{asked.path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    requests = int(_found(r"(\d+) requests in", out))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    errors = re.search(r"Socket errors: .*", out)
    if errors or (int(refused[1]) if refused else 0) != (requests if asked.refused else 0):
        raise SystemExit(f"{asked.method} {asked.path}: {refused or errors}\n{out}")
    return Figures(
        float(_found(r"Requests/sec:\s+(\S+)", out)),
        _ms(_found(r"\n\s+50%\s+(\S+)", out)),
        _ms(_found(r"\n\s+99%\s+(\S+)", out)),
        requests,
    )


def _script(asked: Asked) -> str:
    headers = {**asked.headers, **({"Content-Type": "application/json"} if asked.body else {})}
    lines = [f'wrk.method = "{asked.method}"']
    lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(v)}" for name, v in headers.items()]
    # wrk's own counter begins anew with each run, and a name must not come twice.
    lines.append(f"local n, tokens = 0, {{{', '.join(json.dumps(t) for t in asked.tokens)}}}")
    lines.append(f"local body = {json.dumps(asked.body) if asked.body else 'nil'}")
    lines.append(
        """request = function()
  n = n + 1
  if #tokens > 0 then wrk.headers["Authorization"] = "Bearer " .. tokens[n % #tokens + 1] end
  return wrk.format(nil, nil, nil, body and body:gsub("{n}", tostring(n)))
end"""
    )
    return "\n".join(lines)


def _found(pattern: str, out: str) -> str:
    found = re.search(pattern, out)
    if found is None:
        raise SystemExit(f"wrk said something else than expected:\n{out}")
    return found[1]


def _ms(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", text).groups()  # type: ignore[union-attr]
    return float(number) * _MS[unit]

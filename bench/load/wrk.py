"""Asks a server with wrk, and reads what it has measured."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import NamedTuple

# Longer than any request may take.
TIMEOUT_S = 60


class Figures(NamedTuple):
    """Requests that were answered, how many a second, and how many milliseconds they took."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked again and again, and the one status that is right.

    In the path and the body `{n}` counts up, and `{value}` stands for one of the `values` after the
    other, which are made when they are needed. With `once` it ends where they do, however much time
    is left. Tokens are used in turns. What has no `effect` is answered like a change and is none.
    """

    method: str
    path: str
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    tokens: Sequence[str] = ()
    status: int = 200
    values: Callable[[], Sequence[str]] | None = None
    once: bool = False
    effect: bool = True

    def prepared(self) -> Asked:
        """Return the same with its values made, so that making them is not measured."""
        made = self.values() if self.values else ()
        return replace(self, values=lambda: made)

    @property
    def changes(self) -> bool:
        """Whether the office keeps something of it where it is answered as it should be."""
        return self.effect and self.method != "GET" and self.status < 300


class WrongAnswer(Exception):
    """An answer that is not the expected one, or none at all; a sentence tells of which request."""


def ask(
    name: str, asked: Asked, port: int, folder: Path, connections: int, seconds: int
) -> Figures:
    """Ask for so many seconds; raises WrongAnswer, by the scenario's name."""
    given = folder / "given.lua"
    given.write_text(_given(asked, folder))
    script = resources.files("bench.load") / "asked.lua"
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", f"{TIMEOUT_S}s",
         "-s", str(script), f"http://127.0.0.1:{port}", "--", str(given)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = done.stdout.rpartition("MEASURED ")[2]
    if done.returncode or not told.startswith("{"):
        raise WrongAnswer(f"{name}: wrk could not ask: {done.stderr or done.stdout}")
    measured = json.loads(told)
    if said := _wrong(asked, measured):
        raise WrongAnswer(f"{name} ({asked.method} {asked.path}): {said}")
    return Figures(
        measured["answers"],
        measured["answers"] / measured["seconds"],
        measured["p50_us"] / 1000,
        measured["p99_us"] / 1000,
    )


def _wrong(asked: Asked, measured: Mapping[str, object]) -> str:
    """Return what is wrong with the answers, or nothing."""
    if measured["wrong"]:
        return (
            f"{measured['wrong']} of {measured['answers']} answers were not {asked.status} as "
            f"expected; the first was {measured['status']}: {measured['body']}"
        )
    if measured["errors"]:
        return f"{measured['errors']} connections broke or were not answered within {TIMEOUT_S} s"
    return "" if measured["answers"] else "nothing was answered"


def _given(asked: Asked, folder: Path) -> str:
    """Write down for the script what it asks, as a Lua table; values have a file of their own."""
    headers = {**asked.headers, **({"Content-Type": "application/json"} if asked.body else {})}
    values = folder / "values"
    values.write_text("".join(f"{value}\n" for value in asked.values()) if asked.values else "")
    fields = {
        "method": json.dumps(asked.method),
        "path": json.dumps(asked.path),
        "body": json.dumps(asked.body) if asked.body else "nil",
        "headers": _table(f"[{json.dumps(k)}] = {json.dumps(v)}" for k, v in headers.items()),
        "tokens": _table(map(json.dumps, asked.tokens)),
        "status": str(asked.status),
        "values": json.dumps(str(values)),
        "once": str(asked.once).lower(),
    }
    return "return " + _table(f"{name} = {value}" for name, value in fields.items()) + "\n"


def _table(parts: Iterable[str]) -> str:
    return "{" + ", ".join(parts) + "}"

"""A till that sells while sixty-four connections guess passwords from its own address.

`python -m bench.guessing [--seconds S] [--connections C]` starts a MongoDB and the server as `make
serve` does, in required mode with two workers. A till sells a ticket every 50 ms, first alone and
then beside the guessers, who are a process of their own and ask again as soon as they are answered.
What counts: no more answers of 401 than the limit, and the till's p99 next to its own before.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from statistics import quantiles

from bench.load import books
from bench.load.office import Office, own_office
from bench.load.running import Record
from bench.load.scenarios import EVENT
from bench.load.serving import SECRET, Server, post, serving
from bench.report.figures import Line
from tests.client import Client
from ticketing.domain.identity.users import Role
from ticketing.services.accounts.users import register
from ticketing.services.signing_in.passwords import Passwords
from ticketing.storage.driver.clients import Database

EMAIL, PASSWORD = "till@example.org", "the till's own password"
ROUTES = ("POST", "/api/v1/tokens"), ("GET", "/api/v1/bookings")
PACE_S = 0.05
LIMIT = 10  # the default of TICKETING_RATE_TOKENS, per minute
ALONE = "a till alone"


class TooManyGuesses(Exception):
    """More guesses were looked at than the limit lets through."""


def main() -> int:
    """Run the benchmark; the exit code says whether the limit has held."""
    asked = _arguments()
    if asked.guess_at:
        return _guess(asked.guess_at, asked.connections, asked.seconds)
    with own_office() as office:
        try:
            _measure(office, asked)
        except (TooManyGuesses, books.BooksDiffer) as wrong:
            print(wrong, file=sys.stderr)
            return 1
    return 0


def _measure(office: Office, asked: argparse.Namespace) -> None:
    record = Record("bench-guessing", office)
    _hire(office.db)
    settings = {"AUTH": "required", "SECRET_KEY": SECRET, "RATE_WRITES": "off"}
    with serving(office, settings=settings) as server:
        till = server.client()
        token = post(till, "/api/v1/tokens", None, Authorization=_basic(PASSWORD))["token"]
        authorization = f"Bearer {token}"
        event = post(till, "/api/v1/events", EVENT, Authorization=authorization)["id"]
        _sell(server.port, event, authorization, 2)  # warms up
        before = _sell(server.port, event, authorization, asked.seconds)
        guessers = subprocess.Popen(
            [sys.executable, "-m", "bench.guessing", "--guess-at", str(server.port),
             "--connections", str(asked.connections), "--seconds", str(asked.seconds)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        during = _sell(server.port, event, authorization, asked.seconds)
        answers: dict[str, int] = json.loads(guessers.communicate()[0])
        memory = _most_memory_mb(server)
    if answers.get("401", 0) > LIMIT:
        raise TooManyGuesses(f"{answers['401']} guesses were answered 401, the limit is {LIMIT}")
    books.verify(office)
    lines = _lines(before, during, asked)
    record.keep(lines, _told(answers, memory), asked, ["seconds", "connections"])


def _lines(
    before: Sequence[float], during: Sequence[float], asked: argparse.Namespace
) -> list[Line]:
    alone = _line(ALONE, before, asked.seconds, 1)
    beside = _line(f"beside {asked.connections} who guess", during, asked.seconds, 1)
    ratio = round(alone.p99_ms / beside.p99_ms, 3)
    return [alone, replace(beside, against=ALONE, by="p99_ms", ratio=ratio, wanted=0.5)]


def _line(name: str, took: Sequence[float], seconds: float, connections: int) -> Line:
    cuts = quantiles(took, n=100)
    p50, p99 = (round(cuts[n - 1] * 1000, 2) for n in (50, 99))
    return Line(name, connections, len(took), round(len(took) / seconds, 1), p50, p99)


def _told(answers: Mapping[str, int], memory: Sequence[int]) -> str:
    counts = ", ".join(f"{count:,} answered {status}" for status, count in answers.items())
    return f"of the guesses {counts}; at most {max(memory)} MB of memory in a worker; verify agrees"


def _hire(db: Database) -> None:
    register(db, Passwords(), EMAIL, PASSWORD, datetime.now(UTC), Role.ADMIN)


def _sell(port: int, event: str, authorization: str, seconds: float) -> list[float]:
    """Sell a ticket every so often on one connection; return how long each took."""
    client, took = Client(port), []
    until = time.monotonic() + seconds
    while (started := time.monotonic()) < until:
        sale = {"event": event, "nTickets": 1}
        post(client, "/api/v1/transactions", sale, Authorization=authorization)
        took.append(time.monotonic() - started)
        time.sleep(max(0.0, PACE_S - took[-1]))
    client.close()
    return took


def _guess(port: int, connections: int, seconds: float) -> int:
    """Guess on so many connections without a pause; print how often each status came."""
    until = time.monotonic() + seconds

    def one(number: int) -> Counter[int]:
        answers: Counter[int] = Counter()
        client = Client(port)
        while time.monotonic() < until:
            guess = _basic(f"guess {number} {answers.total()}")
            method, path = ROUTES[answers.total() % 2]
            # After a fault the next guess has a connection of its own.
            with suppress(HTTPException, OSError):
                answers[client.request(method, path, Authorization=guess).status] += 1
        return answers

    with ThreadPoolExecutor(connections) as pool:
        total = sum(pool.map(one, range(connections)), Counter[int]())
    print(json.dumps({str(status): count for status, count in sorted(total.items())}))
    return 0


def _basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"{EMAIL}:{password}".encode()).decode()


def _most_memory_mb(server: Server) -> list[int]:
    """Return the most memory that each worker has had so far (Linux)."""
    peaks = []
    for worker in server.workers:
        status = Path(f"/proc/{worker}/status").read_text()
        peaks.append(int(status.split("VmHWM:")[1].split()[0]) // 1024)
    return peaks


def _arguments() -> argparse.Namespace:
    made = argparse.ArgumentParser(description="A till beside those who guess passwords.")
    made.add_argument("--seconds", type=int, default=20)
    made.add_argument("--connections", type=int, default=64)
    made.add_argument("--json", type=Path, default=Path("bench-guessing.json"))
    made.add_argument("--guess-at", type=int, help=argparse.SUPPRESS)
    return made.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""A till that sells while sixty-four connections guess passwords from its own address.

`python -m bench.guessing [--seconds S] [--connections C]` starts a MongoDB and the server as `make
serve` does, in required mode with two workers. A till sells a ticket every 50 ms, first alone and
then beside the guessers, who are a process of their own and ask again as soon as they are answered.
What counts: no more answers of 401 than the limit, and the till's p99 next to its own before.
"""

from __future__ import annotations

import argparse
import base64
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from statistics import quantiles

from bench.mongodb import own_mongod
from bench.scenarios import EVENT
from bench.serving import post, start
from tests.client import Client
from ticketing.domain.identity.users import Role
from ticketing.server.mongod import free_port
from ticketing.services.accounts.users import register
from ticketing.services.signing_in.passwords import Passwords
from ticketing.storage.driver.clients import Database, connect
from ticketing.storage.migrations.runner import migrate

EMAIL, PASSWORD = "till@example.org", "the till's own password"
ROUTES = ("POST", "/api/v1/tokens"), ("GET", "/api/v1/bookings")
PACE_S = 0.05
LIMIT = 10  # the default of TICKETING_RATE_TOKENS, per minute


def main() -> int:
    """Run the benchmark; the exit code says whether the limit has held."""
    asked = _arguments()
    if asked.guess_at:
        return _guess(asked.guess_at, asked.connections, asked.seconds)
    with own_mongod() as (mongod, _):
        return _measure(mongod.uri, asked)


def _measure(uri: str, asked: argparse.Namespace) -> int:
    port = free_port()
    with connect(uri, appname="bench") as client:
        migrate(client["bench"])
        _hire(client["bench"])
        server = start(
            uri,
            port,
            2,
            "wsgi:app",
            AUTH="required",
            SECRET_KEY="a-key-for-the-benchmark-alone-0123456789",
            RATE_WRITES="off",
        )
        till = Client(port)
        try:
            token = post(till, "/api/v1/tokens", None, Authorization=_basic(PASSWORD))["token"]
            authorization = f"Bearer {token}"
            event = post(till, "/api/v1/events", EVENT, Authorization=authorization)["id"]
            _sell(port, event, authorization, 2)  # warms up
            _show("before", _sell(port, event, authorization, asked.seconds))
            print(f"memory  {_memory(server)}")
            guessers = subprocess.Popen(
                [sys.executable, "-m", "bench.guessing", "--guess-at", str(port),
                 "--connections", str(asked.connections), "--seconds", str(asked.seconds)],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            _show("during", _sell(port, event, authorization, asked.seconds))
            told, _ = guessers.communicate()
            print(f"guesses {told.strip()}")
            print(f"memory  {_memory(server)}")
            refused = int(told.split("401:")[1].split()[0]) if "401:" in told else 0
            return 0 if refused <= LIMIT else 1
        finally:
            server.terminate()
            server.wait()


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
    print("  ".join(f"{status}: {count}" for status, count in sorted(total.items())))
    return 0


def _basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"{EMAIL}:{password}".encode()).decode()


def _show(when: str, took: list[float]) -> None:
    cuts = quantiles(took, n=100)
    print(
        f"{when}  sales {len(took):4}  p50 {cuts[49] * 1000:7.1f} ms  p99 {cuts[98] * 1000:7.1f} ms"
        f"  slowest {max(took) * 1000:7.1f} ms",
        flush=True,
    )


def _memory(server: subprocess.Popen[bytes]) -> str:
    """Tell the most memory that each worker has had so far (Linux)."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    peaks = []
    for child in children:
        status = Path(f"/proc/{child}/status").read_text()
        peaks.append(int(status.split("VmHWM:")[1].split()[0]) // 1024)
    return "  ".join(f"{peak} MB" for peak in peaks)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A till beside those who guess passwords.")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--guess-at", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

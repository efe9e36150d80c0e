"""`python -m tests.faults [--seconds N] [--seed S] [--quick]`: run the faults, print the table.

Each fault alone first, then all at random until the time is over. The seed is printed and chooses
the same faults and the same wishes again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checker import Findings, check
from tests.faults.cluster import Cluster
from tests.faults.crowd import Crowd, Wish, ask
from tests.faults.table import FAULTS, QUICK, Office
from tests.system.client import Client
from tests.system.server import Server
from ticketing.storage.clients import connect
from ticketing.storage.migrating import migrate

CALM_S = 2.0
REPLAYED = 20


@dataclass
class Row:
    """What one fault came to."""

    runs: int = 0
    requests: int = 0
    acknowledged: int = 0
    longest_s: float = 0.0
    recovery_s: float = 0.0
    findings: list[Findings] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(len(getattr(found, kind)) for found in self.findings)


def main() -> int:
    asked = _arguments()
    print(f"seed {asked.seed}", flush=True)
    rows: dict[str, Row] = {}
    until = time.monotonic() + asked.seconds
    chance = random.Random(asked.seed)
    names = QUICK if asked.quick else list(FAULTS)

    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder)) as cluster:
        for round_, name in enumerate(_order(names, chance, until, quick=asked.quick)):
            _run(name, round_, cluster, chance, Path(folder), rows.setdefault(name, Row()))
    return _print(rows)


def _order(names, chance, until, *, quick):
    yield from names
    while not quick and time.monotonic() < until:
        yield chance.choice(names)


def _run(name, round_, cluster, chance, folder, row) -> None:
    uri, database = cluster.uri, f"faults{round_}"
    cluster.await_primary()
    with connect(uri, appname="faults") as client:
        db = client[database]
        migrate(db)
        with Server(uri, database, folder / f"log{round_}", LOG_LEVEL="warning") as server:
            events = _open(server, chance)
            with Crowd(server.port, events, seed=chance.randrange(10**6)) as crowd:
                time.sleep(CALM_S)
                FAULTS[name](Office(cluster, server, chance))
                row.recovery_s = max(row.recovery_s, _recovers(server.port, events[0]))
                time.sleep(CALM_S)
            found = check(db, crowd.history)
            found.differing += _replays(server.port, crowd.history, chance)
        client.drop_database(database)
    _note(row, crowd.history, found)
    print(f"{name}: {len(crowd.history)} requests, {found.all[:3] or 'nothing wrong'}", flush=True)


def _open(server: Server, chance: random.Random) -> list[str]:
    client = server.client()
    return [
        client.create(capacity=capacity, date=f"2030-01-{day:02}")["id"]
        for day, capacity in enumerate((30, 300, chance.randint(1000, 5000)), 1)
    ]


def _recovers(port: int, event: str) -> float:
    """Tell how long it takes until a write is decided again."""
    wish = Wish(f"probe-{time.time_ns()}", "POST", "/api/v1/transactions",
                {"event": event, "nTickets": 1_000_000}, time.monotonic())  # fmt: skip
    started = time.monotonic()
    ask(Client(port), wish, port).close()
    return time.monotonic() - started


def _replays(port: int, history: list[Wish], chance: random.Random) -> list[str]:
    """Ask some answered wishes again: each has to get the very same answer."""
    answered = [w for w in history if w.answer is not None and w.answer.status < 410]
    wrong = []
    client = Client(port)
    for wish in chance.sample(answered, min(REPLAYED, len(answered))):
        again = client.request(wish.method, wish.path, wish.body, Idempotency_Key=wish.key)
        assert wish.answer is not None
        if (again.status, again.body) != (wish.answer.status, wish.answer.body):
            wrong.append(f"{wish.method} {wish.path}: another answer to the same key")
    client.close()
    return wrong


def _note(row: Row, history: list[Wish], found: Findings) -> None:
    row.runs += 1
    row.requests += sum(wish.attempts for wish in history)
    row.acknowledged += sum(1 for w in history if w.answer and w.answer.status < 300)
    row.longest_s = max([row.longest_s, *(wish.longest_s for wish in history)])
    row.findings.append(found)


def _print(rows: dict[str, Row]) -> int:
    print("\n| fault | runs | requests | acknowledged | lost | duplicated | differing | errors "
          "| longest request (s) | first answer after (s) |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        counts = " | ".join(
            str(row.count(k)) for k in ("lost", "duplicated", "differing", "errors")
        )
        print(f"| {name} | {row.runs} | {row.requests} | {row.acknowledged} | {counts} "
              f"| {row.longest_s:.1f} | {row.recovery_s:.1f} |")  # fmt: skip
    wrong = [sentence for row in rows.values() for found in row.findings for sentence in found.all]
    print("\n".join(wrong[:50]))
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Break the office and check what clients were told."
    )
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--quick", action="store_true", help="the quickest rows, once each")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

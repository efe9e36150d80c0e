"""One run: an office, its crowd, a fault, and what the checker says afterwards."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.breaking import Office
from tests.faults.builds import build
from tests.faults.checker import Findings, check
from tests.faults.cluster import Cluster, Database, Embedded
from tests.faults.crowd import Crowd, new_wish
from tests.faults.disk import small_disk
from tests.faults.table import Fault, World
from tests.system.client import Client
from tests.system.runs import ticketing
from tests.system.server import ROOT, Server
from ticketing.storage.clients import connect

CALM_S = 1.5
REPLAYED = 20


@dataclass
class Ran:
    """What a run came to."""

    crowd: Crowd
    findings: Findings
    recovery_s: float
    late: list[str]

    @property
    def requests(self) -> int:
        return sum(wish.attempts for wish in self.crowd.history)

    @property
    def acknowledged(self) -> int:
        return sum(1 for wish in self.crowd.history if wish.granted)

    @property
    def longest_s(self) -> float:
        return max(wish.longest_s for wish in self.crowd.history)


class Runner:
    """Runs faults one after the other, most of them on one replica set of three nodes."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._folder = folder
        self._chance = chance
        self._three = Cluster(folder)
        self._runs = 0

    def __enter__(self) -> Runner:
        self._three.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._three.__exit__()

    def run(self, fault: Fault) -> Ran:
        """Break an office in this way; raises NoDisk where a small disk can't be had."""
        self._runs += 1
        folder = self._folder / f"run{self._runs}"
        folder.mkdir()
        root = build(folder, fault.build) if fault.build else ROOT
        with self._world(fault.world, folder) as database:
            return self._run_on(database, fault, folder, root)

    @contextmanager
    def _world(self, world: World, folder: Path) -> Iterator[Database]:
        if world == "three nodes":
            self._three.await_healthy()
            yield self._three
        elif world == "embedded node":
            with Embedded(folder / "data") as embedded:
                yield embedded
        else:
            with (
                small_disk(folder / "disk") as disk,
                Cluster(disk, nodes=1) as cluster,
            ):
                yield cluster

    def _run_on(self, database: Database, fault: Fault, folder: Path, root: Path) -> Ran:
        name = f"faults{self._runs}"
        settings = {"MONGODB_URI": database.uri, "DATABASE": name, "AUTH": "open"}
        migrated = ticketing("migrate", root=root, **settings)
        assert migrated.returncode == 0, migrated.stderr
        server = Server(database.uri, name, folder / "log", root=root, LOG_LEVEL="warning")
        with connect(database.uri, appname="faults") as client, server:
            with Crowd(server.port, self._open(server), self._chance.randrange(10**6)) as crowd:
                office = Office(database, server, crowd, self._chance)
                time.sleep(CALM_S)
                fault.breaks(office)
                recovery_s = _recovers(crowd)
                time.sleep(CALM_S)
            findings = check(client[name], crowd)
            findings.differing += self._replays(crowd)
            findings.errors += [*office.complaints, *_crashes(server.log)]
            client.drop_database(name)
        return Ran(crowd, findings, recovery_s, office.late)

    def _open(self, server: Server) -> list[str]:
        client = server.client()
        return [
            client.create(capacity=capacity, date=f"2030-01-{day:02}")["id"]
            for day, capacity in enumerate((30, 300, self._chance.randint(1000, 5000)), 1)
        ]

    def _replays(self, crowd: Crowd) -> list[str]:
        """Ask some answered wishes again: each has to get the very same answer."""
        answered = [w for w in crowd.history if w.answer is not None and w.answer.status < 410]
        wrong = []
        client = Client(crowd.port)
        for wish in self._chance.sample(answered, min(REPLAYED, len(answered))):
            again = client.request(wish.method, wish.path, wish.body, Idempotency_Key=wish.key)
            assert wish.answer is not None
            if (again.status, again.body) != (wish.answer.status, wish.answer.body):
                wrong.append(f"{wish.method} {wish.path}: another answer to the same key")
        client.close()
        return wrong


def _crashes(log: str) -> list[str]:
    """Find the tracebacks behind answers with 500."""
    return [line for line in log.splitlines() if '"event": "crash"' in line]


def _recovers(crowd: Crowd) -> float:
    """Tell how long it takes until a write is decided again."""
    body = {"event": crowd.events[0], "nTickets": 1_000_000}
    wish = new_wish("POST", "/api/v1/transactions", body)
    crowd.fulfil(Client(crowd.port), wish).close()
    return time.monotonic() - wish.began

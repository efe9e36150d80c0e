"""One run: a service, its workload, a fault, and what the checker says afterwards."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.client import Client
from tests.faults.builds import build
from tests.faults.cluster import Cluster, Database, Embedded
from tests.faults.disk import small_disk
from tests.faults.history import new_operation
from tests.faults.judging.checker import Findings, check
from tests.faults.judging.table import Fault, World
from tests.faults.nemesis import Target
from tests.faults.people import SETTINGS, Asker, register_all
from tests.faults.workload import Workload
from tests.system.runs import ticketing
from tests.system.server import ROOT, Server
from ticketing.storage.driver.clients import connect
from ticketing.storage.driver.units_of_work import utc_now

CALM_S = 1.5
REPLAYED = 20


@dataclass
class Ran:
    """What a run came to."""

    workload: Workload
    findings: Findings
    recovery_s: float
    late: list[str]
    met: Counter[str]

    @property
    def requests(self) -> int:
        return sum(operation.attempts for operation in self.workload.history)

    @property
    def acknowledged(self) -> int:
        return sum(1 for operation in self.workload.history if operation.granted)

    @property
    def longest_s(self) -> float:
        return max(operation.longest_s for operation in self.workload.history)


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
        migrated = ticketing(
            "migrate", root=root, MONGODB_URI=database.uri, DATABASE=name, environment=SETTINGS
        )
        assert migrated.returncode == 0, migrated.stderr
        server = Server(
            database.uri, name, folder / "log", root=root, LOG_LEVEL="warning", environment=SETTINGS
        )
        with connect(database.uri, appname="faults") as client, server:
            people = register_all(client[name], utc_now())
            events, seed = self._open(server, people.staff), self._chance.randrange(10**6)
            with Workload(server.port, events, seed, people) as workload:
                target = Target(database, server, workload, self._chance)
                time.sleep(CALM_S)
                fault.breaks(target)
                recovery_s = _recovers(workload)
                time.sleep(CALM_S)
            findings, met = check(client[name], workload, _counted(server, people.staff))
            findings.differing += self._replays(workload)
            findings.errors += [*target.complaints, *_crashes(server.log)]
            client.drop_database(name)
        return Ran(workload, findings, recovery_s, target.late, met)

    def _open(self, server: Server, staff: Asker) -> list[str]:
        client, days = server.client(), ("2030-01-01", "2030-01-02", "2030-01-03")
        capacities = 12, 150, self._chance.randint(1000, 5000)
        events = [
            {"name": "Gala", "date": day, "capacity": capacity, "costPerTicket": price}
            for day, capacity, price in zip(days, capacities, (5, 12.5, 7.25), strict=True)
        ]
        return [
            client.post("/api/v1/events", event, Authorization=staff.authorization).json["id"]
            for event in events
        ]

    def _replays(self, workload: Workload) -> list[str]:
        """Ask some answered operations again: each has to get the very same answer."""
        answered = [w for w in workload.history if w.answer is not None and w.answer.status < 410]
        wrong = []
        client = Client(workload.port)
        for operation in self._chance.sample(answered, min(REPLAYED, len(answered))):
            again = client.request(
                operation.method, operation.path, operation.body, Idempotency_Key=operation.key,
                Authorization=operation.asker.authorization,
            )  # fmt: skip
            assert operation.answer is not None
            if (again.status, again.body) != (operation.answer.status, operation.answer.body):
                wrong.append(f"{operation.method} {operation.path}: another answer to the same key")
        client.close()
        return wrong


def _counted(server: Server, staff: Asker) -> str:
    """Ask the server for what it has counted."""
    answer = server.client().request("GET", "/metrics", Authorization=staff.authorization)
    return answer.body.decode()


def _crashes(log: str) -> list[str]:
    """Find the tracebacks behind answers with 500."""
    return [line for line in log.splitlines() if '"event": "crash"' in line]


def _recovers(workload: Workload) -> float:
    """Tell how long it takes until a write is decided again."""
    body = {"event": workload.events[0], "nTickets": 1_000_000}
    operation = new_operation("POST", "/api/v1/transactions", body, workload.people.staff)
    workload.fulfil(Client(workload.port), operation).close()
    return time.monotonic() - operation.began

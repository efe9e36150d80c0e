"""One run: a service, its workload, a fault, and what the checker says afterwards."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.faults.judging.checker import Findings, check
from tests.faults.judging.liveness import starved
from tests.faults.load.books import days_that_are_over
from tests.faults.load.history import Operation, Request, new_operation
from tests.faults.load.people import SETTINGS, Asker, register_all
from tests.faults.load.roll_call import call_the_roll
from tests.faults.load.workload import CLIENTS, Workload
from tests.faults.mutants.builds import build
from tests.faults.nemesis import Target
from tests.faults.nemesis.server import start_all
from tests.faults.networks.network import Network
from tests.faults.networks.slow_network import SlowNetwork
from tests.faults.table import Fault, World
from tests.faults.world.clocks import Clock
from tests.faults.world.cluster import Cluster, Database, Embedded
from tests.faults.world.disk import small_disk
from tests.faults.world.hosts import Host, Inside
from tests.system.runs import ticketing
from tests.system.server import ROOT, Server
from ticketing.storage.driver.clients import connect
from ticketing.storage.driver.units_of_work import utc_now

CALM_S = 1.5
REPLAYED = 20

# The prices of the three events that the load is about; all but the last sell out.
_PRICES = (5, 12.5, 7.25)


# Those of the events that are over.
_CAPACITY_THEN, _PRICE_THEN = 60, 4.5


class OneHost(Exception):
    """The fault is one of two hosts, and there is one."""


@dataclass
class Ran:
    """What a run came to."""

    workload: Workload
    findings: Findings
    recovery_s: float
    late: list[str]
    met: Counter[str]

    @property
    def requests(self) -> Sequence[Request]:
        return self.workload.requests

    @property
    def acknowledged(self) -> int:
        return sum(1 for operation in self.workload.history if operation.granted)

    @property
    def longest_s(self) -> float:
        return max(operation.longest_s for operation in self.workload.history)


class Runner:
    """Runs faults one after the other, most of them on one replica set of three nodes."""

    def __init__(self, folder: Path, chance: random.Random, hosts: int) -> None:
        self._folder = folder
        self._chance = chance
        self._hosts = hosts
        self._three = Cluster(folder)
        self._runs = 0

    def __enter__(self) -> Runner:
        self._three.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._three.__exit__()

    def run(self, fault: Fault) -> Ran:
        """Break an office in this way; raises NoDisk, NoNetwork, NoClock, OneHost where not."""
        if fault.two_hosts and self._hosts < 2:
            raise OneHost("it needs two hosts")
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
        elif world == "three nodes by default":
            (folder / "data").mkdir()
            with Cluster(folder / "data", fast=False) as cluster:
                cluster.await_healthy()
                yield cluster
        elif "network" in world:
            (folder / "data").mkdir()
            fast = world != "three networks by default"
            hosts = self._hosts if world.endswith("for each host") else 0
            with (
                (SlowNetwork if "slow" in world else Network)(3, hosts) as network,
                Cluster(folder / "data", fast=fast, network=network) as cluster,
            ):
                cluster.await_healthy()
                yield cluster
        elif world == "three nodes and a clock":
            (folder / "data").mkdir()
            with Cluster(folder / "data", clock=Clock(folder)) as cluster:
                cluster.await_healthy()
                yield cluster
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
        with (
            connect(database.uri, appname="faults") as client,
            self._serving(fault, folder, root, database, name) as hosts,
        ):
            people = register_all(client[name], utc_now())
            seed, ports = self._chance.randrange(10**6), [host.port for host in hosts]
            doors = {host.port: host.inside for host in hosts}
            workload = Workload(doors, seed, people, CLIENTS if fault.busy else 0)
            self._open(workload)
            target = Target(database, hosts, workload, self._chance)
            with workload:
                time.sleep(CALM_S)
                fault.breaks(target)
                over = time.monotonic()
                recovery_s = _recovers(workload)
                target.complaints += call_the_roll(workload, ports)
            metrics = [_counted(host, people.staff) for host in hosts]
            findings, met = check(client[name], workload, metrics, race=_is_race(fault))
            findings.differing += self._replays(workload)
            findings.starved += starved(workload.requests, over, ports)
            findings.errors += target.complaints + workload.broken
            workload.sights.clear()  # all that was read is much, and judged by now
            findings.errors += [line for host in hosts for line in _crashes(host.log)]
            client.drop_database(name)
        return Ran(workload, findings, recovery_s, target.late, met)

    @contextmanager
    def _serving(
        self, fault: Fault, folder: Path, root: Path, database: Database, name: str
    ) -> Iterator[Sequence[Host]]:
        """Start the hosts: each has a folder of its own for what its processes share."""
        network = database.network if isinstance(database, Cluster) else None
        with ExitStack() as started:
            hosts, folders = [], [folder / f"host{number}" for number in range(self._hosts)]
            for number, own in enumerate(folders):
                own.mkdir()
                settings = {**SETTINGS, "TMPDIR": str(own)}
                workers = str(fault.workers[number % len(fault.workers)])
                inside: Inside = nullcontext
                if network and network.hosts:
                    inside = partial(network.inside, network.hosts[number])
                host = Host(database.uri, name, own / "log", inside, root=root,
                            environment=settings, LOG_LEVEL="warning", WORKERS=workers)  # fmt: skip
                started.push(host)
                hosts.append(host)
            start_all(hosts)
            # Should the service share its folder in another way one day, these would be one host.
            assert all([*own.glob(f"ticketing-*-{name}")] for own in folders), "what is shared?"
            yield hosts

    def _open(self, workload: Workload) -> None:
        capacities = 12, 150, self._chance.randint(1000, 5000)
        workload.events += [
            workload.open_event(capacity, price)
            for capacity, price in zip(capacities, _PRICES, strict=True)
        ]
        workload.over += [
            workload.open_event(_CAPACITY_THEN, _PRICE_THEN, day.isoformat())
            for day in days_that_are_over(datetime.now(UTC).date())
        ]

    def _replays(self, workload: Workload) -> list[str]:
        """Ask some answered operations again: each has to get the very same answer."""
        left = {one.person for one in workload.history if one.path.endswith("/erasure")}
        answered = [
            one for one in workload.history
            if one.answer is not None and one.answer.status < 410
            # A page is drawn anew, and with a person the answers that name them are forgotten.
            if one.via != "page" and not any(_names(one, person) for person in left)
        ]  # fmt: skip
        wrong = []
        client = workload.connect()
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


def _names(operation: Operation, person: str | None) -> bool:
    body = operation.answer.body if operation.answer is not None else b""
    return person is not None and (operation.person == person or person.encode() in body)


def _is_race(fault: Fault) -> bool:
    """Tell whether nobody but another host can be faster with a commit."""
    return fault.two_hosts and not fault.busy


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
    workload.fulfil(workload.connect(), operation).close()
    return time.monotonic() - operation.began

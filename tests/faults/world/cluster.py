"""Replica sets on loopback, to be broken: three nodes, or the one that the service brings."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.faults.networks.network import Network
from tests.faults.world.clocks import Clock
from ticketing.server.mongod import Mongod, die_with_parent, find_mongod, free_port
from ticketing.storage.driver.clients import Client, Document

NAME = "faults"
PATIENCE_S = 60

# A node that has to roll back what it wrote while it was cut off takes a minute on a busy machine.
HEALTHY_S = 240

# How long a node may take to say how it is.
QUICK_MS = 1000

# An election takes 2 s instead of 10, and a primary that stands still holds nobody up for long.
FAST_ELECTIONS = {
    "electionTimeoutMillis": 2000,
    "heartbeatIntervalMillis": 500,
    "chainingAllowed": False,
}
FAST_FAILOVER = ("--setParameter", "oplogNetworkTimeoutBufferSeconds=1")

# PRIMARY and SECONDARY.
_WELL = {1, 2}


class Database(Protocol):
    """A MongoDB that can be taken away and brought back."""

    @property
    def uri(self) -> str: ...
    def await_primary(self) -> object: ...
    def kill_all(self) -> None: ...
    def start_all(self) -> None: ...


class Embedded:
    """The single node that `make run` brings."""

    def __init__(self, folder: Path) -> None:
        self._mongod = Mongod(folder)

    @property
    def uri(self) -> str:
        return self._mongod.uri

    def __enter__(self) -> Embedded:
        self._mongod.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._mongod.kill()

    def await_primary(self) -> None:
        """Nothing to wait for: `start_all` has waited."""

    def kill_all(self) -> None:
        self._mongod.kill()

    def start_all(self) -> None:
        self._mongod.start()


class Cluster:
    """Start it with `with`; its nodes are gone afterwards, however it ends.

    Another primary is found quickly, unless it is left to MongoDB's own settings (not `fast`). Each
    node is at loopback, or in a `network` at the place that has its number, from 1, and goes by the
    machine's clock, or by the one that is given.
    """

    def __init__(
        self,
        folder: Path,
        nodes: int = 3,
        extra: Sequence[str] = (),
        *,
        fast: bool = True,
        network: Network | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.folder = folder
        self.network = network
        self.clock = clock
        self._extra = [*(FAST_FAILOVER if fast else ()), *extra]
        self._settings = FAST_ELECTIONS if fast else {}
        self._ports: list[int] = []
        while len(self._ports) < nodes:
            if (port := free_port()) not in self._ports:
                self._ports.append(port)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def uri(self) -> str:
        hosts = ",".join(map(self._name, self._ports))
        return f"mongodb://{hosts}/?replicaSet={NAME}"

    def place(self, port: int) -> int:
        """Return where a node is in the network."""
        return self._ports.index(port) + 1

    def _host(self, port: int) -> str:
        return self.network.address(self.place(port)) if self.network else "127.0.0.1"

    def __enter__(self) -> Cluster:
        for port in self._ports:
            self.start(port)
        members = [{"_id": n, "host": self._name(port)} for n, port in enumerate(self._ports)]
        config = {
            "_id": NAME,
            "members": members,
            "settings": self._settings,
        }
        self._ask(self._ports[0], {"replSetInitiate": config})
        self.await_primary()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()

    def start(self, port: int) -> None:
        data = self.folder / str(port)
        data.mkdir(exist_ok=True)
        self._processes[port] = subprocess.Popen(
            [*(self.network.command(self.place(port)) if self.network else ()),
             str(find_mongod()), "--dbpath", str(data), "--port", str(port),
             "--bind_ip", self._host(port), "--nounixsocket", "--replSet", NAME,
             "--logpath", str(data / "log"), "--oplogSize", "256", "--wiredTigerCacheSizeGB", "0.5",
             "--networkMessageCompressors", "disabled",
             "--setParameter", "transactionLifetimeLimitSeconds=5",
             "--setParameter", "diagnosticDataCollectionEnabled=false", *self._extra],
            env={**os.environ, **(self.clock.environment if self.clock else {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )  # fmt: skip

    def primary(self) -> int:
        """Return the port of the node that takes writes."""
        for port, process in self._processes.items():
            if process.poll() is None and self._is_primary(port):
                return port
        raise LookupError("there is no primary")

    def await_primary(self) -> int:
        return _until(self.primary)

    def await_another(self, former: int) -> int:
        """Wait until another node takes writes, whatever the former primary believes."""

        def another() -> int:
            for port in self._ports:
                if port != former and self._is_primary(port):
                    return port
            raise LookupError("there is no other primary")

        return _until(another)

    def await_healthy(self) -> int:
        """Wait until no node is missing, so that a majority stays; give the primary."""
        self.start_all()
        return _until(self._healthy, HEALTHY_S)

    def _healthy(self) -> int:
        port = self.primary()
        with self._direct(port, QUICK_MS) as client:
            members = client.admin.command("replSetGetStatus")["members"]
        if any(member["state"] not in _WELL for member in members):
            raise LookupError(f"not all are well: {[m['stateStr'] for m in members]}")
        return port

    def kill(self, port: int) -> None:
        self._processes[port].kill()
        self._processes[port].wait()

    def terminate(self, port: int) -> None:
        self._processes[port].terminate()
        self._processes[port].wait()

    def freeze(self, port: int) -> None:
        os.kill(self._processes[port].pid, signal.SIGSTOP)

    def thaw(self, port: int) -> None:
        os.kill(self._processes[port].pid, signal.SIGCONT)

    def secondaries(self) -> list[int]:
        primary = self.await_primary()
        return [port for port in self._ports if port != primary]

    def step_down(self) -> None:
        self._ask(self.await_primary(), {"replSetStepDown": 5, "secondaryCatchUpPeriodSecs": 2})

    def remove(self, port: int) -> None:
        """Have a secondary leave the set; it goes on by itself."""
        self._reconfigure(lambda members: [m for m in members if m["host"] != self._name(port)])

    def add(self, port: int) -> None:
        """Have a node that left the set come back."""
        member = {"_id": self._ports.index(port), "host": self._name(port)}
        self._reconfigure(lambda members: [*members, member])

    def prefer(self, preferred: int | None) -> None:
        """Have one node, or none, be primary whenever it can."""
        name = self._name(preferred) if preferred else None
        self._reconfigure(
            lambda members: [{**m, "priority": 2 if m["host"] == name else 1} for m in members]
        )

    def _reconfigure(self, change: Callable[[list[Document]], list[Document]]) -> None:
        """Change the members, by whoever is primary at the time."""

        def ask() -> int:
            port = self.primary()
            with self._direct(port) as client:
                config = client.admin.command("replSetGetConfig")["config"]
                config["version"] += 1
                config["members"] = change(config["members"])
                client.admin.command("replSetReconfig", config)
            return port

        _until(ask)

    def _name(self, port: int) -> str:
        return f"{self._host(port)}:{port}"

    def kill_all(self) -> None:
        for port in self._ports:
            self.kill(port)

    def left_open(self, address: str, for_s: float) -> int:
        """Count the transactions that the primary has kept open so long for whoever is there."""
        with self._direct(self.await_primary()) as client:
            sessions = client.admin.aggregate(
                [{"$currentOp": {"allUsers": True, "idleSessions": True}}]
            )
            return sum(
                1 for session in sessions
                if session.get("client", "").startswith(f"{address}:")
                and session.get("transaction", {}).get("timeOpenMicros", 0) > for_s * 1e6
            )  # fmt: skip

    def has_ended(self, port: int) -> bool:
        return self._processes[port].poll() is not None

    def start_all(self) -> None:
        for port in self._ports:
            if self.has_ended(port):
                self.start(port)

    def _is_primary(self, port: int) -> bool:
        try:
            with self._direct(port, QUICK_MS) as client:
                return bool(client.admin.command("hello")["isWritablePrimary"])
        except PyMongoError:
            return False

    def _direct(self, port: int, timeout_ms: int = 20_000) -> Client:
        """Return a client of this one node, whatever its state in the set."""
        return MongoClient(
            self._host(port), port,
            directConnection=True, timeoutMS=timeout_ms, serverSelectionTimeoutMS=500,
        )  # fmt: skip

    def _ask(self, port: int, command: dict[str, object]) -> None:
        def ask() -> int:
            with self._direct(port) as client:
                client.admin.command(command)
            return port

        _until(ask)


def _until(ask: Callable[[], int], seconds: float = PATIENCE_S) -> int:
    until = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except (LookupError, PyMongoError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)

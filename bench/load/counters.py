"""What a server and its MongoDB have counted: processor time, commits and what came to nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from bench.load import cpu
from bench.load.office import Office
from bench.load.serving import METRICS_KEY, Server

_SETTLED_AFTER_S = 0.1


@dataclass(frozen=True, slots=True)
class Counted:
    """What has been counted up to a moment, or between two.

    `groups` are commits by how many commands they took at most; conflicts are attempts at a commit
    that another was faster than; transactions and what became of them are MongoDB's, of everybody.
    """

    python_s: float
    mongod_s: float
    commits: int
    commands: int
    groups: Mapping[str, int]
    conflicts: int
    transactions: int
    aborted: int

    def since(self, before: Counted) -> Counted:
        """Return what has been counted since another moment."""
        return Counted(
            self.python_s - before.python_s,
            self.mongod_s - before.mongod_s,
            self.commits - before.commits,
            self.commands - before.commands,
            {most: n - before.groups.get(most, 0) for most, n in self.groups.items()},
            self.conflicts - before.conflicts,
            self.transactions - before.transactions,
            self.aborted - before.aborted,
        )


class Meter:
    """Reads what servers on one MongoDB count."""

    def __init__(self, office: Office, servers: Sequence[Server]) -> None:
        self._office, self._servers = office, servers

    def settled(self) -> Counted:
        """Return what was counted, once nothing is under way: wrk hangs up on its last requests."""
        now = self.read()
        while True:
            time.sleep(_SETTLED_AFTER_S)
            before, now = now, self.read()
            if now.commits == before.commits and now.conflicts == before.conflicts:
                return now

    def read(self) -> Counted:
        """Return what was counted up to now."""
        workers = [pid for server in self._servers for pid in server.workers]
        python_s, mongod_s = cpu.used_s(workers), cpu.used_s([self._office.mongod.pid])
        told = [_told(server) for server in self._servers]
        status = self._office.client.admin.command("serverStatus")["transactions"]

        def total(name: str) -> int:
            return round(sum(one.get((name, ""), 0) for one in told))

        sizes = [size for name, size in told[0] if name == "ticketing_group_commands_bucket"]
        up_to = [
            sum(one.get(("ticketing_group_commands_bucket", size), 0) for one in told)
            for size in sizes
        ]
        return Counted(
            python_s,
            mongod_s,
            total("ticketing_group_commands_count"),
            total("ticketing_group_commands_sum"),
            {size.removesuffix(".0"): round(n - less)
             for size, n, less in zip(sizes, up_to, [0, *up_to], strict=False)},
            total("ticketing_commit_conflicts_total"),
            status["totalStarted"],
            status["totalAborted"],
        )  # fmt: skip


def _told(server: Server) -> dict[tuple[str, str], float]:
    """Return what a server's metrics tell, each by its name and its bucket, if it has one."""
    client = server.client()
    answer = client.request("GET", "/metrics", Authorization=f"Bearer {METRICS_KEY}")
    client.close()
    if answer.status != 200:
        raise SystemExit(f"/metrics: {answer.status} {answer.body.decode()}")
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
        if not set(sample.labels) - {"le"}
    }

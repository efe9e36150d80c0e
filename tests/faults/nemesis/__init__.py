"""What is done to a running office, a module for each part of it that breaks."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.load.workload import Workload
from tests.faults.networks.network import Network
from tests.faults.networks.slow_network import SlowNetwork
from tests.faults.world.cluster import Cluster, Database
from tests.faults.world.hosts import Host


@dataclass
class Target:
    """What there is to break, and what was noticed meanwhile that should not be.

    What is late is no complaint: the noise of a machine can cause it.
    """

    database: Database
    hosts: Sequence[Host]
    workload: Workload
    chance: random.Random
    complaints: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    @property
    def cluster(self) -> Cluster:
        assert isinstance(self.database, Cluster)
        return self.database

    @property
    def network(self) -> Network:
        assert self.cluster.network is not None
        return self.cluster.network

    @property
    def slow_network(self) -> SlowNetwork:
        assert isinstance(self.network, SlowNetwork)
        return self.network

    def any_host(self) -> Host:
        """Return one of the hosts, by chance."""
        return self.chance.choice(self.hosts)

    def complain(self, unless: object, text: str) -> None:
        if not unless:
            self.complaints.append(text)

    def expect(self, took_s: float, bound_s: float, text: str) -> None:
        """Mark what took longer than it should."""
        if took_s > bound_s:
            self.late.append(f"{text} took {took_s:.1f} s, bound {bound_s:g}")


def nothing(target: Target) -> None:
    """Only the workload."""
    time.sleep(3)

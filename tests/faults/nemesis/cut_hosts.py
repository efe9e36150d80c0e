"""One of two hosts is cut from MongoDB while the other goes on; all is mended on return.

Each host is in a network of its own. What the one had under way when it was cut stays open, and
locked, until MongoDB's patience with it is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from tests.faults.load.history import Operation, new_operation
from tests.faults.load.workload import API
from tests.faults.nemesis import Target
from tests.faults.nemesis.hosts import busy
from tests.faults.nemesis.server import LOCKED_S, others_go_on
from tests.faults.world.hosts import Host
from tests.system.waiting import eventually

# Longer than anything may take that somebody asks for.
AWAY_S = 10

# What was sent before has arrived by then, so that what is open is left open.
_UNDER_WAY_S = 0.5

# How long it sells before it is cut.
_SELLING_S = 0.5

# It is cut so often, at most, until it has left a transaction open: mostly the first time.
_CUTS = 10


def from_mongodb(target: Target) -> None:
    """It reaches no node, and no node reaches it."""
    _cut(target, lambda place: target.network.cut(place, target.network.nodes))


def from_the_primary(target: Target) -> None:
    """It reaches the others, who can't decide anything."""
    cluster, network = target.cluster, target.network
    _cut(target, lambda place: network.cut(place, [cluster.place(cluster.await_primary())]))


def deaf_to_mongodb(target: Target) -> None:
    """What it sends arrives, and is done; it hears nothing of that."""

    def deafen(place: int) -> None:
        for node in target.network.nodes:
            target.network.lose(node, place)

    _cut(target, deafen)


def _cut(target: Target, cut: Callable[[int], None]) -> None:
    """Cut a host at which several sell one event of the load, so that it has something open."""
    workload = target.workload
    target.cluster.await_healthy()

    def sale() -> Operation:
        body = {"event": workload.events[-1], "nTickets": 1}
        return new_operation("POST", f"{API}/transactions", body, workload.people.staff)

    for _ in range(_CUTS):
        host = target.any_host()
        place = target.network.hosts[target.hosts.index(host)]
        address = target.network.address(place)
        with busy(workload, [host.port], sale):
            time.sleep(_SELLING_S)
            since = time.monotonic()
            cut(place)
            try:
                time.sleep(_UNDER_WAY_S)
                if target.cluster.left_open(address, _UNDER_WAY_S / 2):
                    _goes_on_without(target, host, since)
                    return
            finally:
                target.network.mend()
    target.complain(False, f"{_CUTS} cuts, and no transaction was left open by any")


def _goes_on_without(target: Target, host: Host, since: float) -> None:
    """See that the cut host changes nothing and says so, and that the other one changes all."""
    with _changes_at_others(target, host):
        others_go_on(target, host, since)
        time.sleep(max(0, since + AWAY_S - time.monotonic()))
        eventually(partial(_has_told, target, host, since), "the cut host has told somebody so")
    changed = target.workload.first_change(since + _UNDER_WAY_S, host.port)
    target.complain(changed is None, "a host that was cut has changed something")


def _has_told(target: Target, host: Host, since: float) -> bool:
    """Tell whether it has answered anybody with 503 since then."""
    return any(
        request.status == 503 and request.port == host.port and request.ended > since
        for request in target.workload.requests[:]
    )


@contextmanager
def _changes_at_others(target: Target, without: Host) -> Iterator[None]:
    """Change each event of the load at another host, for each is what may be locked."""
    other = next(host for host in target.hosts if host is not without)

    def change(event: str) -> None:
        body: dict[str, object] = {"costPerTicket": target.chance.randint(1, 40) / 4}
        operation = new_operation(
            "PATCH", f"{API}/events/{event}", body, target.workload.people.staff
        )
        target.workload.fulfil(target.workload.connect_to(other.port), operation).close()
        took_s = operation.ended - operation.began
        target.expect(took_s, LOCKED_S, "a change of an event at the other host")

    with ThreadPoolExecutor(len(target.workload.events)) as pool:
        changing = [pool.submit(change, event) for event in target.workload.events]
        yield
        for change_ in changing:
            change_.result()

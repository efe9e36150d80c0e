"""Links that are slow, or lose some of what is sent, for a while; all are mended on return."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tests.faults.nemesis import Target
from tests.faults.networks.carrier import Slow
from tests.faults.networks.network import APPLICATION

SLOW_S = 10

# A tenth of a second there and back, as between two continents.
FAR = Slow(0.05)

# Up to a third of a second there and back, and each thirtieth packet has to be sent again.
UNEVEN = Slow(0.01, spread_s=0.15, lost=0.03)


def application_far_away(target: Target) -> None:
    _slow(target, APPLICATION, [_primary(target)], FAR)


def application_uneven(target: Target) -> None:
    _slow(target, APPLICATION, [_primary(target)], UNEVEN)


def peers_far_away(target: Target) -> None:
    """Whatever needs a majority takes longer; nobody else should be elected for that."""
    _slow_to_its_peers(target, FAR)


def peers_uneven(target: Target) -> None:
    """Now and then somebody else may be elected, who is slow to its peers in one case of two."""
    _slow_to_its_peers(target, UNEVEN)


def one_host_far_away(target: Target) -> None:
    """The near host goes on as before, and the far one has its share."""
    since = time.monotonic()
    host = target.any_host()
    place = target.network.hosts[target.hosts.index(host)]
    _slow(target, place, target.network.nodes, FAR)
    for each in target.hosts:
        changed = target.workload.first_change(since, each.port)
        what = "far" if each is host else "near"
        target.complain(changed is not None, f"the {what} host changed nothing for {SLOW_S} s")


def _slow_to_its_peers(target: Target, how: Slow) -> None:
    place = _primary(target)
    _slow(target, place, [node for node in target.network.nodes if node != place], how)


def _primary(target: Target) -> int:
    return target.cluster.place(target.cluster.await_healthy())


def _slow(target: Target, place: int, others: Iterable[int], how: Slow) -> None:
    target.slow_network.slow(place, others, how)
    try:
        time.sleep(SLOW_S)
    finally:
        target.network.mend()
        target.cluster.await_healthy()

"""Faults of the network between the nodes and the application; all are mended on return.

Nothing is told to anybody who is cut: what they send is lost, and they wait.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.nemesis import Target
from tests.faults.network import APPLICATION
from tests.system.waiting import eventually

# Longer than two elections, so that somebody else is primary before it is mended.
CUT_S = 6

# Ten seconds until somebody else is elected; as long again until the last node that reads from who
# was primary gives it up (the wait for more, 5 s, and `oplogNetworkTimeoutBufferSeconds`, 5 s).
DEFAULT_GAP_S = 20

# Longer than a commit may take, so that nobody's patience is enough.
AWAY_S = 10


@contextmanager
def _primary_cut(
    target: Target, *, peers: bool = False, application: bool = False
) -> Iterator[int]:
    """Cut the primary from its peers, from the application, or from both; yields its port."""
    cluster, network = target.cluster, target.network
    port = cluster.await_healthy()
    place = cluster.place(port)
    others = [other for other in network.nodes if other != place] if peers else []
    network.cut(place, [*others, *([APPLICATION] if application else [])])
    try:
        yield port
    finally:
        network.mend()
        cluster.await_healthy()


def from_its_peers(target: Target) -> None:
    """The application still reaches who was primary, and may believe them for a moment."""
    with _primary_cut(target, peers=True) as port:
        target.cluster.await_another(port)
        time.sleep(CUT_S)


def from_its_peers_by_default(target: Target) -> None:
    """By MongoDB's own settings it takes its time until there is another primary."""
    with _primary_cut(target, peers=True) as port:
        cut = time.monotonic()
        target.cluster.await_another(port)
        changed = eventually(partial(target.workload.first_change, cut), "a change after it")
        target.expect((changed or cut) - cut, DEFAULT_GAP_S, "the gap without a change")


def from_the_application(target: Target) -> None:
    """Its peers find nothing wrong, so nobody takes over: no way leads to it until it is mended."""
    with _primary_cut(target, application=True) as port:
        time.sleep(AWAY_S)
    target.complain(target.cluster.await_primary() == port, "another primary, for no reason")


def from_everybody(target: Target) -> None:
    """It is as good as dead, but does not know, and comes back with what it believed."""
    with _primary_cut(target, peers=True, application=True) as port:
        target.cluster.await_another(port)
        time.sleep(CUT_S)


def cut_now_and_then(target: Target) -> None:
    """Cut the primary from its peers again and again, for less than an election, or a bit more."""
    for _ in range(4):
        with _primary_cut(target, peers=True):
            time.sleep(target.chance.uniform(0.5, 3))
        time.sleep(target.chance.uniform(0, 1))

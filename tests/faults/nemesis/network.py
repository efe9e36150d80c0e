"""Cuts of the network between the nodes and the application; all are mended on return.

Nothing is told to anybody who is cut: what they send is lost, and they wait. Where one way alone is
cut, what the others send still arrives.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.nemesis import Target
from tests.faults.networks.network import APPLICATION
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
    target: Target,
    *,
    peers: bool = False,
    application: bool = False,
    hears: bool = False,
    is_heard: bool = False,
) -> Iterator[int]:
    """Cut the primary from its peers, from the application, or from both; yields its port.

    One way is left where it still `hears` them, or is heard by them.
    """
    cluster, network = target.cluster, target.network
    port = cluster.await_healthy()
    place = cluster.place(port)
    others = [other for other in network.nodes if other != place] if peers else []
    for other in [*others, *([APPLICATION] if application else [])]:
        if not is_heard:
            network.lose(place, other)
        if not hears:
            network.lose(other, place)
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
    _from_the_application(target)


def unheard_by_its_peers(target: Target) -> None:
    """It hears that they have elected another, and can say nothing to that."""
    with _primary_cut(target, peers=True, hears=True) as port:
        target.cluster.await_another(port)
        time.sleep(CUT_S)


def deaf_to_its_peers(target: Target) -> None:
    """They hear it, and so little of what it writes is lost; it believes that they are gone."""
    with _primary_cut(target, peers=True, is_heard=True) as port:
        target.cluster.await_another(port)
        time.sleep(CUT_S)


def unheard_by_the_application(target: Target) -> None:
    """What was sent to it is done, and nobody is told."""
    _from_the_application(target, hears=True)


def deaf_to_the_application(target: Target) -> None:
    """It answers what it has been asked before, and is asked nothing more."""
    _from_the_application(target, is_heard=True)


def _from_the_application(target: Target, *, hears: bool = False, is_heard: bool = False) -> None:
    """Cut it for as long as takes all patience; its peers have no reason to take over."""
    with _primary_cut(target, application=True, hears=hears, is_heard=is_heard) as port:
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

"""Whoever is cut from each other hears nothing, and everybody else hears as before."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.faults.networks.network import APPLICATION, Network
from tests.faults.networks.probing import arrives, is_lost, left_behind, made
from tests.system.waiting import eventually

PORT = 8000

# Asks for a connection, and says by its exit code whether it came.
ASK = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()"


@pytest.fixture
def network() -> Iterator[Network]:
    """Two nodes, at each of which somebody listens, and two hosts."""
    with made(Network(2, hosts=2)) as network:
        listening = [
            subprocess.Popen(
                [*network.command(node), sys.executable, "-m", "http.server", str(PORT), "--bind",
                 network.address(node)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for node in network.nodes
        ]  # fmt: skip
        try:
            for node in network.nodes:
                eventually(lambda node=node: hears(network, APPLICATION, node), "it listens")  # type: ignore[misc]
            yield network
        finally:
            for process in listening:
                process.kill()
                process.wait()


def hears(network: Network, here: int, there: int) -> bool:
    inside = network.command(here) if here != APPLICATION else []
    asks = [*inside, sys.executable, "-c", ASK, network.address(there), str(PORT)]
    return subprocess.run(asks, stderr=subprocess.DEVNULL, check=False).returncode == 0


@pytest.mark.system
def test_cuts_two_nodes_from_each_other_and_from_nobody_else(network: Network) -> None:
    network.cut(1, [2])

    assert not hears(network, 1, 2)
    assert not hears(network, 2, 1)
    assert hears(network, APPLICATION, 1)
    assert hears(network, APPLICATION, 2)

    network.mend()

    assert hears(network, 1, 2)


@pytest.mark.system
def test_cuts_the_application_from_a_node_and_from_no_other(network: Network) -> None:
    network.cut(APPLICATION, [1])

    assert not hears(network, APPLICATION, 1)
    assert hears(network, APPLICATION, 2)
    assert hears(network, 2, 1)

    network.mend()

    assert hears(network, APPLICATION, 1)


@pytest.mark.system
def test_cuts_one_host_alone(network: Network) -> None:
    cut, other = network.hosts

    network.cut(cut, network.nodes)

    assert not hears(network, cut, 1)
    assert not hears(network, cut, 2)
    assert hears(network, other, 1)
    assert hears(network, APPLICATION, 1)

    network.mend()

    assert hears(network, cut, 1)


@pytest.mark.system
@pytest.mark.parametrize(("here", "there"), [(1, 2), (APPLICATION, 1), (1, APPLICATION), (3, 1)])
def test_loses_what_is_sent_one_way_and_not_the_other(
    network: Network, here: int, there: int
) -> None:
    network.lose(here, there)

    assert is_lost(network, here, there)
    assert arrives(network, there, here)
    assert not hears(network, here, there), "a connection takes both ways"

    network.mend()

    assert arrives(network, here, there)


@pytest.mark.system
def test_who_is_inside_is_at_that_place_and_comes_back(network: Network) -> None:
    with network.inside(1), socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        with network.inside(2):
            from_elsewhere = listens(port)
        assert not from_elsewhere
        assert listens(port)
    assert hears(network, APPLICATION, 1)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.system
def test_leaves_nothing_behind() -> None:
    with made(Network(1, hosts=1)) as network:
        # Two namespaces, the cards that are plugged in for them, and the bridge.
        assert len(left_behind(network)) == 5
    assert left_behind(network) == []

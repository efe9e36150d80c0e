"""Whoever is cut from each other hears nothing, and everybody else hears as before."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.faults.network import APPLICATION, Network, NoNetwork
from tests.system.waiting import eventually

PORT = 8000

# Asks for a connection, and says by its exit code whether it came.
ASK = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()"


@pytest.fixture
def network() -> Iterator[Network]:
    """Two nodes, at each of which somebody listens."""
    try:
        made = Network(2).__enter__()
    except NoNetwork as reason:
        pytest.skip(f"networks can't be made here: {reason}")
    listening = [
        subprocess.Popen(
            [*made.command(node), sys.executable, "-m", "http.server", str(PORT), "--bind",
             made.address(node)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for node in made.nodes
    ]  # fmt: skip
    try:
        for node in made.nodes:
            eventually(lambda node=node: hears(made, APPLICATION, node), "it listens")  # type: ignore[misc]
        yield made
    finally:
        for process in listening:
            process.kill()
            process.wait()
        made.__exit__(None, None, None)


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
def test_leaves_nothing_behind() -> None:
    def made() -> str:
        spaces = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=False).stdout
        return (
            spaces
            + subprocess.run(
                ["ip", "-brief", "link"], capture_output=True, text=True, check=False
            ).stdout
        )

    try:
        with Network(1) as network:
            name = network.command(1)[-1]
            assert name in made()
    except NoNetwork as reason:
        pytest.skip(f"networks can't be made here: {reason}")
    assert name not in made()
    assert name.partition("-")[0] not in made()

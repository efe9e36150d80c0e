"""A host that is cut from all others is still reached by its clients."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import pytest

from tests.client import Client
from tests.faults.networks.network import APPLICATION, Network
from tests.faults.networks.probing import made
from tests.faults.world.hosts import Visitor
from tests.system.waiting import eventually
from ticketing.server.mongod import free_port


@pytest.mark.system
def test_a_visitor_comes_to_a_host_however_it_is_cut() -> None:
    port = free_port()
    with made(Network(1, hosts=1)) as network:
        (host,) = network.hosts
        serving = subprocess.Popen(
            [*network.command(host), sys.executable, "-m", "http.server", str(port), "--bind",
             "127.0.0.1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            network.cut(host, [APPLICATION, *network.nodes])
            visitor = Visitor(port, partial(network.inside, host))

            assert eventually(partial(answers, visitor), "it serves")
            assert not answers(Client(port)), "nobody else is there"
        finally:
            serving.kill()
            serving.wait()


def answers(client: Client) -> bool:
    try:
        return client.get("/").status == 200
    except ConnectionRefusedError:
        return False

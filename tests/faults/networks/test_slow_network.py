"""What is slow takes as long as was said, what is lossy loses some, and nothing is overtaken."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.faults.networks import carrier, slow_network
from tests.faults.networks.carrier import Line, Order, Slow, order
from tests.faults.networks.network import APPLICATION, NoNetwork
from tests.faults.networks.probing import arrives, at, is_lost, left_behind, made, received
from tests.faults.networks.slow_network import SlowNetwork
from tests.system.server import ROOT
from tests.system.waiting import NEVER_S

DELAY_S = 0.1
SENT = 200


@pytest.fixture
def network() -> Iterator[SlowNetwork]:
    with made(SlowNetwork(2, hosts=1)) as network:
        assert isinstance(network, SlowNetwork)
        yield network


class Talk:
    """A connection between two places, over which a word is sent there and back."""

    def __init__(self, network: SlowNetwork, here: int, there: int) -> None:
        with at(network, there):
            listening = socket.create_server((network.address(there), 0))
        with at(network, here), listening:
            self._here = socket.create_connection(listening.getsockname())
            self._there, _ = listening.accept()
        for end in (self._here, self._there):
            end.settimeout(NEVER_S)

    def takes_s(self) -> float:
        began = time.monotonic()
        self._here.sendall(b"?")
        self._there.sendall(self._there.recv(1))
        self._here.recv(1)
        return time.monotonic() - began

    def close(self) -> None:
        self._here.close()
        self._there.close()


@pytest.mark.system
@pytest.mark.parametrize(("here", "there"), [(APPLICATION, 1), (1, 2), (3, 1)])
def test_takes_its_time_there_and_back_also_where_the_connection_is_open(
    network: SlowNetwork, here: int, there: int
) -> None:
    talk = Talk(network, here, there)

    network.slow(here, [there], Slow(DELAY_S))

    assert talk.takes_s() >= 2 * DELAY_S
    assert leads_over_the_carrier(network, here, there)
    assert leads_over_the_carrier(network, there, here)

    network.mend()

    assert not leads_over_the_carrier(network, here, there)
    talk.takes_s()
    talk.close()


@pytest.mark.system
def test_is_slow_between_those_two_alone(network: SlowNetwork) -> None:
    network.slow(APPLICATION, [1], Slow(DELAY_S))

    for here, there in ((APPLICATION, 2), (1, 2), (3, 1)):
        assert not leads_over_the_carrier(network, here, there)
        assert arrives(network, here, there)


@pytest.mark.system
def test_loses_some_packets_and_lets_none_overtake_another(network: SlowNetwork) -> None:
    network.slow(APPLICATION, [1], Slow(0, spread_s=0.01, lost=0.5))

    arrived = received(network, APPLICATION, 1, SENT)

    assert 0 < len(arrived) < SENT
    assert arrived == sorted(arrived)


@pytest.mark.system
def test_what_is_cut_is_cut_where_it_was_slow_before(network: SlowNetwork) -> None:
    network.slow(APPLICATION, [1], Slow(0))
    network.mend()
    network.cut(APPLICATION, [1])

    assert is_lost(network, APPLICATION, 1)


@pytest.mark.system
def test_leaves_nothing_behind() -> None:
    with made(SlowNetwork(1)) as network:
        assert any("s0" in line for line in left_behind(network))
    assert left_behind(network) == []


@pytest.mark.system
def test_leaves_nothing_behind_where_there_are_no_such_devices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slow_network, "_DEVICES", "/dev/there/is/none")
    network = SlowNetwork(1)

    with pytest.raises(NoNetwork):
        network.__enter__()

    assert left_behind(network) == []


@pytest.mark.system
def test_what_carries_ends_with_whoever_gives_it_orders() -> None:
    command = [sys.executable, "-m", carrier.__name__, "1"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(NEVER_S) == 0


def test_a_line_keeps_the_order_however_uneven_it_is() -> None:
    line = Line(Slow(0.1, spread_s=5), random.Random(1))

    arrivals = [line.arrival(sent / 100) or 0 for sent in range(SENT)]

    assert arrivals == sorted(arrivals)
    assert all(arrival >= sent / 100 + 0.1 for sent, arrival in enumerate(arrivals))


def test_a_line_loses_as_many_as_it_is_told() -> None:
    line = Line(Slow(0, lost=0.25), random.Random(1))

    lost = [line.arrival(0) is None for _ in range(SENT * 10)]

    assert sum(lost) == pytest.approx(SENT * 10 / 4, rel=0.1)


def test_an_order_arrives_as_it_was_given() -> None:
    given = Order("10.213.1.1", "10.213.1.2", Slow(0.05, spread_s=0.1, lost=0.01))

    assert order(given.line()) == given


def leads_over_the_carrier(network: SlowNetwork, here: int, there: int) -> bool:
    return f"dev {network.name}s{here}" in network.at(here, "route", "get", network.address(there))

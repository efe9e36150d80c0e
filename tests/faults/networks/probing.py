"""Looks at a network from its places: what arrives where, and what is left of it afterwards."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pytest

from tests.faults.networks.network import APPLICATION, Network, NoNetwork
from tests.system.waiting import NEVER_S

# Whatever has not arrived by then is lost: nothing takes a thousandth of it.
LOST_S = 1

END = b"end"


@contextmanager
def made(network: Network) -> Iterator[Network]:
    """Make a network for a test, which is left out where that is not allowed."""
    try:
        network.__enter__()
    except NoNetwork as reason:
        pytest.skip(f"networks can't be made here: {reason}")
    try:
        yield network
    finally:
        network.__exit__(None, None, None)


def at(network: Network, place: int) -> AbstractContextManager[None]:
    return nullcontext() if place == APPLICATION else network.inside(place)


@contextmanager
def way(network: Network, here: int, there: int) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give what sends datagrams at one place and what receives them at another."""
    with at(network, there):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind((network.address(there), 0))
    with at(network, here):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.connect(receiver.getsockname())
    with receiver, sender:
        yield sender, receiver


def arrives(network: Network, here: int, there: int) -> bool:
    """Tell whether what is sent at one place arrives at another; waits as long as it takes."""
    with way(network, here, there) as (sender, receiver):
        receiver.settimeout(NEVER_S)
        sender.send(b"?")
        return bool(receiver.recv(1))


def is_lost(network: Network, here: int, there: int) -> bool:
    """Tell whether nothing arrives that is sent at one place to another."""
    with way(network, here, there) as (sender, receiver):
        receiver.settimeout(LOST_S)
        sender.send(b"?")
        try:
            return not receiver.recv(1)
        except TimeoutError:
            return True


def received(network: Network, here: int, there: int, sent: int) -> list[int]:
    """Send so many numbers at one place, and return which have arrived at another, in order.

    It is the end that is waited for, which is sent until it arrives.
    """
    arrived = []
    with way(network, here, there) as (sender, receiver):
        for number in range(sent):
            sender.send(str(number).encode())
        receiver.settimeout(LOST_S)
        while True:
            sender.send(END)
            try:
                while (told := receiver.recv(64)) != END:
                    arrived.append(int(told))
            except TimeoutError:
                continue
            return arrived


def left_behind(network: Network) -> list[str]:
    """Return the namespaces and cards that are there of a network.

    A TUN device is there as long as a program has it, so without one there is no program either.
    """
    found = []
    for command in (["ip", "netns"], ["ip", "-brief", "link"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found += [line for line in done.stdout.splitlines() if network.name in line]
    return found

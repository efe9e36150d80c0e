"""A network in which the way between two places can be made slow, and lose some of what is sent.

Each place has a second card, a TUN device, that leads to a program
(`tests.faults.networks.carrier`). A route to the other's address leads over it as long as that way
is slow: connections that are open go on over it as well. It takes /dev/net/tun beside what a
network takes, and no module of the kernel that delays.
"""

from __future__ import annotations

import fcntl
import os
import random
import struct
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

from tests.faults.networks import carrier
from tests.faults.networks.carrier import Order, Slow
from tests.faults.networks.network import APPLICATION, Network, NoNetwork, ip
from tests.system.server import ROOT

_DEVICES = "/dev/net/tun"
_SET_UP = 0x400454CA
_OF_PACKETS_ALONE = 0x0001 | 0x1000


class SlowNetwork(Network):
    """As the other; whatever carries is gone afterwards, too. Raises NoNetwork."""

    _carrier: subprocess.Popen[bytes] | None = None

    def slow(self, place: int, others: Iterable[int], how: Slow) -> None:
        """Make the ways between a place and others slow, in both directions."""
        for other in others:
            for here, there in ((place, other), (other, place)):
                self._order(Order(self.address(here), self.address(there), how))
            for here, there in ((place, other), (other, place)):
                self._route(here, "replace", there, "src", self.address(here))

    def mend(self) -> None:
        """Let everything pass again, at once."""
        for here in self.places:
            for there in self.places:
                with suppress(NoNetwork):  # nothing leads to whom the way is not slow
                    self._route(here, "delete", there)
        super().mend()

    def _order(self, order: Order) -> None:
        assert self._carrier is not None
        assert self._carrier.stdin is not None
        self._carrier.stdin.write(order.line())

    def _route(self, here: int, what: str, there: int, *how: str) -> None:
        self.at(here, "route", what, f"{self.address(there)}/32", "dev", self._card(here), *how)

    def _card(self, place: int) -> str:
        return f"{self.name}s{place}"

    def _make(self) -> None:
        super()._make()
        opened: list[int] = []
        try:
            for place in self.places:
                opened.append(_device(self._card(place)))
                if place != APPLICATION:
                    ip("link", "set", self._card(place), "netns", self.space(place))
                self.at(place, "link", "set", self._card(place), "up")
            cards = zip(opened, map(self.address, self.places), strict=True)
            self._carrier = subprocess.Popen(
                [sys.executable, "-m", carrier.__name__, str(random.randrange(10**6)),
                 *(f"{card}={address}" for card, address in cards)],
                cwd=ROOT, stdin=subprocess.PIPE, bufsize=0, pass_fds=opened,
            )  # fmt: skip
        finally:
            # They are there as long as the program that carries has them.
            for card in opened:
                os.close(card)

    def _remove(self) -> None:
        if self._carrier is not None:
            self._carrier.kill()
            self._carrier.wait()
            assert self._carrier.stdin is not None
            self._carrier.stdin.close()
            self._carrier = None
        super()._remove()


def _device(name: str) -> int:
    """Make a TUN device in the machine's own network, and return what it is open at."""
    try:
        opened = os.open(_DEVICES, os.O_RDWR)
    except OSError as error:
        raise NoNetwork(f"{_DEVICES}: {error.strerror}") from None
    try:
        fcntl.ioctl(opened, _SET_UP, struct.pack("16sH", name.encode(), _OF_PACKETS_ALONE))
    except OSError as error:
        os.close(opened)
        raise NoNetwork(f"{_DEVICES}: {error.strerror}") from None
    return opened

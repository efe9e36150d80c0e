"""A network of its own for each node and host, behind a bridge, in which any two can be cut.

Whoever is cut sends on, and nothing arrives, as with a cable that was pulled somewhere between: the
address of the other leads to a card that nobody has. It takes root and `ip`, and no firewall.
"""

from __future__ import annotations

import ctypes
import os
import random
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

# The application, and whoever else is in the machine's own network.
APPLICATION = 0

_NOBODY = "02:00:5e:00:00:01"
_CARD = "eth0"
_NETS = range(1, 250)

_SPACES = Path("/run/netns")
_OWN_SPACE = "/proc/thread-self/ns/net"
_OF_NETWORKS = 0x40000000


class NoNetwork(Exception):
    """Networks can't be made here; the text says what was tried."""


class Network:
    """Make it with `with`; its namespaces and its bridge are gone afterwards, however it ends.

    Nodes are numbered from 1, and hosts that are at places of their own after them; 0 is the
    application, where there are none. Raises NoNetwork.
    """

    def __init__(self, nodes: int, hosts: int = 0) -> None:
        self.nodes = range(1, nodes + 1)
        self.hosts = range(nodes + 1, nodes + hosts + 1)
        self._tag = f"{random.randrange(16**5):05x}"
        self._net = 0

    def address(self, place: int) -> str:
        return f"10.213.{self._net}.{place + 1}"

    def command(self, place: int) -> Sequence[str]:
        """Return what stands before a command that is to run at a place."""
        return ["ip", "netns", "exec", self.space(place)]

    @contextmanager
    def inside(self, place: int) -> Iterator[None]:
        """Be at a place: what this thread connects to, binds and starts meanwhile is there."""
        before = os.open(_OWN_SPACE, os.O_RDONLY)
        try:
            _enter(_SPACES / self.space(place))
            yield
        finally:
            _enter(before)
            os.close(before)

    def __enter__(self) -> Network:
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    def cut(self, place: int, others: Iterable[int]) -> None:
        """Let nothing pass between a place and others any more, in neither direction."""
        for other in others:
            self.lose(place, other)
            self.lose(other, place)

    def lose(self, here: int, there: int) -> None:
        """Let nothing that is sent at one place arrive at another; the other way it does."""
        self._neighbour(here, "replace", there, "lladdr", _NOBODY, "nud", "permanent")

    def mend(self) -> None:
        """Let everything pass again."""
        for here in self.places:
            for there in self.places:
                with suppress(NoNetwork):  # nothing is known of who was not cut
                    self._neighbour(here, "delete", there)

    def at(self, place: int, *arguments: str) -> str:
        """Have `ip` do something at a place."""
        inside = [] if place == APPLICATION else ["-n", self.space(place)]
        return ip(*inside, *arguments)

    def _neighbour(self, here: int, what: str, there: int, *how: str) -> None:
        card = _CARD if here != APPLICATION else self.name
        self.at(here, "neighbour", what, self.address(there), *how, "dev", card)

    @property
    def places(self) -> Sequence[int]:
        """Return all of them, the application's first."""
        return [APPLICATION, *self._far]

    @property
    def _far(self) -> Sequence[int]:
        """Return the places that have a network of their own."""
        return [*self.nodes, *self.hosts]

    @property
    def name(self) -> str:
        """Return what its bridge is called, and begins whatever else belongs to it."""
        return f"tt{self._tag}"

    def space(self, place: int) -> str:
        """Return what the namespace of a place is called."""
        return f"{self.name}-{place}"

    def _plug(self, place: int) -> str:
        return f"{self.name}{place}"

    def _make(self) -> None:
        taken = ip("-4", "address")
        self._net = random.choice([net for net in _NETS if f"10.213.{net}." not in taken])
        ip("link", "add", self.name, "type", "bridge")
        ip("address", "add", f"{self.address(APPLICATION)}/24", "dev", self.name)
        ip("link", "set", self.name, "up")
        for place in self._far:
            space, plug = self.space(place), self._plug(place)
            ip("netns", "add", space)
            ip("link", "add", plug, "type", "veth", "peer", "name", _CARD, "netns", space)
            ip("link", "set", plug, "master", self.name, "up")
            ip("-n", space, "address", "add", f"{self.address(place)}/24", "dev", _CARD)
            for card in ("lo", _CARD):
                ip("-n", space, "link", "set", card, "up")

    def _remove(self) -> None:
        for place in self._far:
            # A namespace goes when the kernel has time, and what is plugged in would stay so long.
            for what in (
                ("link", "delete", self._plug(place)),
                ("netns", "delete", self.space(place)),
            ):
                with suppress(NoNetwork):
                    ip(*what)
        with suppress(NoNetwork):
            ip("link", "delete", self.name)


def ip(*arguments: str) -> str:
    """Have `ip` do something; raises NoNetwork where it does not."""
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoNetwork("it needs `ip` (iproute2), which is not here") from None
    if done.returncode:
        raise NoNetwork(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _enter(space: int | Path) -> None:
    """Let this thread, and no other, be in a namespace (Python has it from 3.12 on)."""
    opened = space if isinstance(space, int) else os.open(space, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(opened, _OF_NETWORKS):
            raise NoNetwork(f"setns: {os.strerror(ctypes.get_errno())}")
    finally:
        if opened != space:
            os.close(opened)

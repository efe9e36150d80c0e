"""A network of its own for each node, behind a bridge, in which any two can be cut from each other.

Whoever is cut sends on, and nothing arrives, as with a cable that was pulled somewhere between: the
address of the other leads to a card that nobody has. It takes root and `ip`, and no firewall.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import TracebackType

# The application, and whoever else is in the machine's own network.
APPLICATION = 0

_NOBODY = "02:00:5e:00:00:01"
_CARD = "eth0"
_NETS = range(1, 250)


class NoNetwork(Exception):
    """Networks can't be made here; the text says what was tried."""


class Network:
    """Make it with `with`; its namespaces and its bridge are gone afterwards, however it ends.

    Nodes are numbered from 1; 0 is the application. Raises NoNetwork.
    """

    def __init__(self, nodes: int) -> None:
        self.nodes = range(1, nodes + 1)
        self._tag = f"{random.randrange(16**5):05x}"
        self._net = 0

    def address(self, place: int) -> str:
        return f"10.213.{self._net}.{place + 1}"

    def command(self, node: int) -> Sequence[str]:
        """Return what stands before a command that is to run at a node."""
        return ["ip", "netns", "exec", self._space(node)]

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
            for here, there in ((place, other), (other, place)):
                self._neighbour(here, "replace", there, "lladdr", _NOBODY, "nud", "permanent")

    def mend(self) -> None:
        """Let everything pass again."""
        places = [APPLICATION, *self.nodes]
        for here in places:
            for there in places:
                with suppress(NoNetwork):  # nothing is known of who was not cut
                    self._neighbour(here, "delete", there)

    def _neighbour(self, here: int, what: str, there: int, *how: str) -> None:
        inside = ["-n", self._space(here)] if here != APPLICATION else []
        card = _CARD if here != APPLICATION else self._bridge
        _ip(*inside, "neighbour", what, self.address(there), *how, "dev", card)

    @property
    def _bridge(self) -> str:
        return f"tt{self._tag}"

    def _space(self, node: int) -> str:
        return f"tt{self._tag}-{node}"

    def _plug(self, node: int) -> str:
        return f"tt{self._tag}{node}"

    def _make(self) -> None:
        taken = _ip("-4", "address")
        self._net = random.choice([net for net in _NETS if f"10.213.{net}." not in taken])
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("address", "add", f"{self.address(APPLICATION)}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for node in self.nodes:
            space, plug = self._space(node), self._plug(node)
            _ip("netns", "add", space)
            _ip("link", "add", plug, "type", "veth", "peer", "name", _CARD, "netns", space)
            _ip("link", "set", plug, "master", self._bridge, "up")
            _ip("-n", space, "address", "add", f"{self.address(node)}/24", "dev", _CARD)
            for card in ("lo", _CARD):
                _ip("-n", space, "link", "set", card, "up")

    def _remove(self) -> None:
        for node in self.nodes:
            # A namespace goes when the kernel has time, and what is plugged in would stay so long.
            for what in (
                ("link", "delete", self._plug(node)),
                ("netns", "delete", self._space(node)),
            ):
                with suppress(NoNetwork):
                    _ip(*what)
        with suppress(NoNetwork):
            _ip("link", "delete", self._bridge)


def _ip(*arguments: str) -> str:
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoNetwork("it needs `ip` (iproute2), which is not here") from None
    if done.returncode:
        raise NoNetwork(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout

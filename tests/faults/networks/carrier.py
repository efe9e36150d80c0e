"""What carries packets over links that are slow, a program of its own.

`python -m tests.faults.networks.carrier SEED FD=ADDRESS ...`: each FD is a place's TUN device. What
is sent at that place is read from it, and what arrives there is written to it. How slow the way
from one place to another is, it is told on its standard input, a line for each, and ends with that.
As on a cable, nothing overtakes anything.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import select
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import count

_LONGEST = 65_536
_VERSION = 4

# How many packets are taken from one place before another is looked at.
_TAKEN = 64


@dataclass(frozen=True)
class Slow:
    """How long a packet is under way, up to how much longer, and which part of them is lost."""

    delay_s: float
    spread_s: float = 0
    lost: float = 0


class Line:
    """The way from one place to another."""

    def __init__(self, slow: Slow, chance: random.Random) -> None:
        self._slow = slow
        self._chance = chance
        self._last = 0.0

    def arrival(self, sent: float) -> float | None:
        """Return when a packet arrives that is sent now; None where it is lost."""
        if self._chance.random() < self._slow.lost:
            return None
        late = self._slow.delay_s + self._chance.uniform(0, self._slow.spread_s)
        self._last = max(self._last, sent + late)
        return self._last


@dataclass(frozen=True)
class Order:
    """How slow the way between two addresses is from now on."""

    here: str
    there: str
    slow: Slow

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def order(line: bytes) -> Order:
    """Read what `Order.line` has written."""
    told = json.loads(line)
    return replace(Order(**told), slow=Slow(**told["slow"]))


class Carrier:
    """Takes packets where they are sent, and puts them where they go to when it is time."""

    def __init__(self, cards: Mapping[str, int], seed: int) -> None:
        self._cards = {socket.inet_aton(address): card for address, card in cards.items()}
        self._chance = random.Random(seed)
        self._lines: dict[tuple[bytes, bytes], Line] = {}
        self._under_way: list[tuple[float, int, int, bytes]] = []
        self._numbers = count()
        for card in cards.values():
            os.set_blocking(card, False)

    def obey(self, told: Order) -> None:
        way = socket.inet_aton(told.here), socket.inet_aton(told.there)
        self._lines[way] = Line(told.slow, self._chance)

    def carry(self, orders: int) -> None:
        """Carry until nobody can give an order any more."""
        with os.fdopen(orders, "rb", buffering=0) as told:
            while True:
                ready, _, _ = select.select([orders, *self._cards.values()], [], [], self._wait_s)
                if orders in ready:
                    line = told.readline()
                    if not line:
                        return
                    self.obey(order(line))
                for card in self._cards.values():
                    if card in ready:
                        self._take(card)
                self._deliver()

    @property
    def _wait_s(self) -> float | None:
        """Return how long it is until the next one arrives, if any is under way."""
        return max(0.0, self._under_way[0][0] - time.monotonic()) if self._under_way else None

    def _take(self, card: int) -> None:
        with suppress(BlockingIOError):
            for _ in range(_TAKEN):
                packet = os.read(card, _LONGEST)
                line = self._lines.get((packet[12:16], packet[16:20]))
                if packet[0] >> 4 != _VERSION or line is None:
                    continue
                arrival = line.arrival(time.monotonic())
                if arrival is not None:
                    entry = arrival, next(self._numbers), self._cards[packet[16:20]], packet
                    heapq.heappush(self._under_way, entry)

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= time.monotonic():
            _, _, card, packet = heapq.heappop(self._under_way)
            with suppress(OSError):  # whoever is gone gets nothing
                os.write(card, packet)


if __name__ == "__main__":
    seed, *given = sys.argv[1:]
    pairs = [pair.split("=") for pair in given]
    Carrier({address: int(card) for card, address in pairs}, int(seed)).carry(sys.stdin.fileno())

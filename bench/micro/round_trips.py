"""Where the time of one sale goes: each question that is put to MongoDB, and the rest.

`python -m bench.micro.round_trips [--sales N]` sells tickets of one event in this process, one
after the other and each a group by itself, by the command handler and by the whole service, and
prints the medians in milliseconds. What MongoDB is asked and for how long is what the driver tells
its listeners: from sending a command to reading its answer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from statistics import median

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
    register,
)

from bench.load.office import PREPARING, own_office
from bench.load.scenarios import HOT, SALES, prepare
from ticketing.app import create_app
from ticketing.server import logs
from ticketing.services import commands

WARM_UP = 50


class Durations(CommandListener):
    """How long each command took, by its name and collection, in milliseconds, in order."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = defaultdict(list)
        self._asked: dict[int, str] = {}

    def started(self, event: CommandStartedEvent) -> None:
        """Note what is asked."""
        collection = event.command.get(event.command_name)
        of = f" {collection}" if isinstance(collection, str) else ""
        self._asked[event.request_id] = event.command_name + of

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Note how long it took."""
        self.taken[self._asked.pop(event.request_id)].append(event.duration_micros / 1000)

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing fails here that is counted."""
        self._asked.pop(event.request_id)


def main() -> int:
    """Print a line for each question, and what a commit and a request take."""
    parser = argparse.ArgumentParser(description="Where the time of one sale goes.")
    parser.add_argument("--sales", type=int, default=1000)
    sales = parser.parse_args().sales
    logs.configure("error")
    durations = Durations()
    register(durations)
    with own_office() as office:
        prepare(office)
        handler = office.handler()

        def sell() -> None:
            handler.execute(commands.sell(1), on=HOT, caller=PREPARING)

        commit = _timed(sales, sell, durations)
        asked = {name: median(taken) for name, taken in durations.taken.items()}
        api = create_app(office.settings, office.client).test_client()
        body = {"event": HOT, "nTickets": 1}
        request = _timed(sales, lambda: api.post(SALES, json=body), durations)
    for name, ms in asked.items():
        print(f"{name:24}{ms:7.2f}")
    print(f"{'the driver and ours':24}{commit - sum(asked.values()):7.2f}")
    print(f"{'a commit':24}{commit:7.2f}")
    print(f"{'a request, without HTTP':24}{request:7.2f}")
    return 0


def _timed(times: int, act: Callable[[], object], durations: Durations) -> float:
    """Return the median of so many, in milliseconds, after some that don't count."""
    for _ in range(WARM_UP):
        act()
    durations.taken.clear()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        taken.append((time.perf_counter() - begun) * 1000)
    return median(taken)


if __name__ == "__main__":
    sys.exit(main())

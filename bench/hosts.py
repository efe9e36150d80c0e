"""One event on one host and on two, and two events on two hosts.

`python -m bench.hosts [--rounds N] [--seconds S] [--connections C]` starts MongoDB and two servers
with a worker each and a folder of its own, so that the lock between workers of a host does not hold
between them: as far as commits go they are two hosts. wrk asks in turns: one server for one event,
both for it, and each for an event of its own, with as many connections in all. What counts are the
ratios within a round; on one machine both share its processors, wrk and MongoDB with them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.load import EVENT, SALES, sales_script, wrk
from bench.serving import post, start
from tests.client import Client
from ticketing.server.mongod import Mongod, free_port
from ticketing.storage.driver.clients import connect
from ticketing.storage.migrations.runner import migrate

WARM_UP_S = 2


def main() -> int:
    """Print a line for each round, and the medians."""
    parser = argparse.ArgumentParser(description="One event on several hosts.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        mongod = Mongod(Path(folder) / "db")
        mongod.start()
        running.callback(mongod.kill)
        with connect(mongod.uri, appname="bench") as client:
            migrate(client["bench"])
        ports = [_host(running, mongod.uri, Path(folder), number) for number in range(2)]
        _measure(ports, Path(folder), asked)
    return 0


def _host(running: ExitStack, uri: str, folder: Path, number: int) -> int:
    """Start a server that shares nothing but MongoDB; return its port."""
    own, port = folder / f"host-{number}", free_port()
    own.mkdir()
    server = start(uri, port, 1, "bench.wsgi:app", own=own, AUTH="open", PIN_WORKERS="false")
    running.callback(server.wait)
    running.callback(server.terminate)
    return port


def _measure(ports: list[int], folder: Path, asked: argparse.Namespace) -> None:
    days = ("2024-10-31", "2024-11-01")
    hot, other = (
        sales_script(folder, post(Client(ports[0]), "/api/v1/events", {**EVENT, "date": day})["id"])
        for day in days
    )
    plans = {
        "one event, one host": [(ports[0], hot)],
        "one event, two hosts": [(port, hot) for port in ports],
        "two events, two hosts": list(zip(ports, (hot, other), strict=True)),
    }
    rates: dict[str, list[float]] = {name: [] for name in plans}
    for seconds in [WARM_UP_S, *[asked.seconds] * asked.rounds]:
        for name, plan in plans.items():
            rates[name].append(_rate(plan, asked.connections, seconds))
    first, *others = ({name: each[1:] for name, each in rates.items()}).values()
    for name, each in zip(plans, (first, *others), strict=True):
        ratio = median(rate / alone for rate, alone in zip(each, first, strict=True))
        shown = ", ".join(f"{rate:.0f}" for rate in each)
        print(f"{name:<22}: {shown} sales/s, {ratio:.2f} of the first (median)")


def _rate(plan: list[tuple[int, Path]], connections: int, seconds: int) -> float:
    """Return how many sales a second all hosts of a plan come to."""
    with ThreadPoolExecutor(len(plan)) as pool:
        figures = pool.map(
            lambda one: wrk(one[0], SALES, one[1], connections // len(plan), seconds), plan
        )
        return sum(each.rate for each in figures)


if __name__ == "__main__":
    sys.exit(main())

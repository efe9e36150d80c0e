"""What a host sells that is far away from MongoDB, by itself and beside a near one.

`python -m bench.far [--round-trip MS] [--connections N] [--seconds S] [--rounds N]` sells tickets
of a hot event by a host that has MongoDB beside it, by one from where each question takes so long,
and by both together, with so many clients each. Needs wrk.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from statistics import median

from bench.load import books, wrk
from bench.load.distance import far_away
from bench.load.office import Office, own_office
from bench.load.running import exit_code
from bench.load.scenarios import an_event, sale
from bench.load.serving import Server, serving

NEAR, FAR = "near", "far"
WHO: Sequence[Sequence[str]] = [[NEAR], [FAR], [NEAR, FAR]]


def main() -> int:
    """Print a line for each; the exit code says whether all was answered and kept as it should."""
    made = argparse.ArgumentParser(description="A host that is far away from MongoDB.")
    made.add_argument("--round-trip", type=int, default=100, help="milliseconds there and back")
    made.add_argument("--connections", type=int, default=8, help="of each host")
    made.add_argument("--seconds", type=int, default=15)
    made.add_argument("--rounds", type=int, default=3)
    asked = made.parse_args()
    with own_office() as office:
        return exit_code(lambda: _measure(office, asked))


def _measure(office: Office, asked: argparse.Namespace) -> None:
    sold: dict[str, list[wrk.Figures]] = {}
    tally = books.Tally()
    with far_away(office.mongod.uri, asked.round_trip / 1000) as uri, ExitStack() as stack:
        servers = {
            NEAR: stack.enter_context(_host(office, NEAR, {})),
            FAR: stack.enter_context(_host(office, FAR, {"MONGODB_URI": uri})),
        }
        for _ in range(asked.rounds):
            for names in WHO:
                event = an_event(office)
                ask = partial(_sell, office, event, asked)
                with ThreadPoolExecutor(len(names)) as pool:
                    runs = list(pool.map(ask, [servers[name] for name in names]))
                for name, run in zip(names, runs, strict=True):
                    tally.add(run.requests, asked.connections)
                    together = "together" if len(names) > 1 else "alone"
                    sold.setdefault(f"{name}, {together}", []).append(run)
    agree = books.check(office, "event-0", tally)
    for name, runs in sold.items():
        rate, p50 = median(run.rate for run in runs), median(run.p50_ms for run in runs)
        print(f"{name:16}{rate:8.1f} a second, p50 {p50:.0f} ms")
    print(agree)


def _host(office: Office, name: str, settings: Mapping[str, str]) -> AbstractContextManager[Server]:
    folder = office.folder / name
    folder.mkdir()
    return serving(office, 1, own=folder, settings=settings)


def _sell(office: Office, event: str, asked: argparse.Namespace, server: Server) -> wrk.Figures:
    own = office.folder / f"wrk-{server.port}"
    own.mkdir(exist_ok=True)
    return wrk.ask("sale", sale(event), server.port, own, asked.connections, asked.seconds)


if __name__ == "__main__":
    sys.exit(main())

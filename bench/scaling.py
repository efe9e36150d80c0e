"""More workers than processors, and several hosts: what becomes of the rush.

`python -m bench.scaling [--rounds N] [--seconds S] [--only WORD]` sells single tickets of a hot
event by servers with 1, 2, 4 and 8 workers, one after the other, and by two and four servers that
share nothing but MongoDB, as on hosts of their own: each has a folder of its own for what the
processes of a host share. `--only` takes those whose name has the word (`host`), and what they are
held against. Needs wrk.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle

from bench.load import books, wrk
from bench.load.counters import Meter
from bench.load.office import Office, own_office
from bench.load.rounds import Measured, Taken, line
from bench.load.running import Record, exit_code, parser
from bench.load.scenarios import WARM_UP_S, an_event, sale
from bench.load.serving import Server, serving


@dataclass(frozen=True, slots=True)
class Site:
    """Hosts with so many workers each, and how many clients ask them together."""

    name: str
    workers: Sequence[int]
    connections: int
    against: str
    events: int = 1


ONE, HOST = "1 worker", "one host, 2 workers"
SITES = [
    *(Site(f"{n} worker{'s' if n > 1 else ''}", [n], 32, ONE) for n in (1, 2, 4, 8)),
    Site(HOST, [2], 128, HOST),
    Site("two hosts, 1 worker each", [1, 1], 128, HOST),
    Site("two hosts, an event each", [1, 1], 128, HOST, events=2),
    Site("four hosts, 1 worker each", [1, 1, 1, 1], 128, HOST),
]


def main() -> int:
    """Run the benchmark; the exit code says whether all was answered and kept as it should be."""
    asked = parser("More workers, and several hosts.", "bench-scaling", seconds=4).parse_args()
    with own_office() as office:
        return exit_code(lambda: _measure(office, asked))


def _measure(office: Office, asked: argparse.Namespace) -> None:
    record = Record("bench-scaling", office)
    chosen = {site.name for site in SITES if asked.only in site.name}
    needed = {site.against for site in SITES if site.name in chosen}
    sites = [site for site in SITES if site.name in chosen | needed]
    taken: Taken = {site.name: [] for site in sites}
    tally = books.Tally()
    for _ in range(asked.rounds):
        for site in sites:
            taken[site.name].append(_ask(office, site, asked.seconds, tally))
    lines = [
        line(site.name, taken, against=None if site.against == site.name else site.against)
        for site in sites
    ]
    agree = books.check(office, "event-0", tally)
    record.keep(lines, agree, asked, ["rounds", "seconds"])


def _ask(office: Office, site: Site, seconds: int, tally: books.Tally) -> Measured:
    """Start what a site consists of, which has the machine for itself, and sell."""
    processors = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        servers = []
        for number, workers in enumerate(site.workers):
            host = office.folder / f"host-{number}"
            host.mkdir(exist_ok=True)
            alone = processors[number % len(processors)] if len(site.workers) > 1 else None
            servers.append(stack.enter_context(serving(office, workers, own=host, processor=alone)))
        events = [an_event(office) for _ in range(site.events)]
        plan = list(zip(servers, cycle(events), strict=False))
        _sell(office, plan, site, WARM_UP_S, tally)
        meter = Meter(office, servers)
        before = meter.settled()
        figures = _sell(office, plan, site, seconds, tally)
        return Measured(figures, meter.settled().since(before), site.connections)


def _sell(
    office: Office, plan: Sequence[tuple[Server, str]], site: Site, seconds: int, tally: books.Tally
) -> wrk.Figures:
    """Return what all hosts come to together; of times those of the slowest."""
    connections = site.connections // len(plan)

    def ask(one: tuple[Server, str]) -> wrk.Figures:
        server, event = one
        own = office.folder / f"wrk-{server.port}"
        own.mkdir(exist_ok=True)
        return wrk.ask(site.name, sale(event), server.port, own, connections, seconds)

    with ThreadPoolExecutor(len(plan)) as pool:
        parts = list(pool.map(ask, plan))
    for part in parts:
        tally.add(part.requests, connections)
    return wrk.Figures(
        sum(part.requests for part in parts),
        sum(part.rate for part in parts),
        max(part.p50_ms for part in parts),
        max(part.p99_ms for part in parts),
    )


if __name__ == "__main__":
    sys.exit(main())

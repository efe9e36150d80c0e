"""More workers than processors, and several hosts: what becomes of the rush.

`python -m bench.scaling [--rounds N] [--seconds S] [--only WORD]` sells single tickets of a hot
event by servers with 1, 2, 4 and 8 workers, one after the other, asks 2, 4 and 8 for what they
refuse before anything is looked up, and sells by two and four servers that
share nothing but MongoDB, as on hosts of their own: each has a folder of its own for what the
processes of a host share. `--only` takes those whose name has the word (`host`), and what they are
held against. Needs wrk.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle

from bench.load import books, wrk
from bench.load.counters import Meter
from bench.load.office import Office, own_office
from bench.load.rounds import Measured, Taken, line
from bench.load.running import Record, exit_code, parser
from bench.load.scenarios import WARM_UP_S, an_event, refused, sale
from bench.load.serving import Server, serving


@dataclass(frozen=True, slots=True)
class Site:
    """Hosts with so many workers each, and how many clients ask them together."""

    name: str
    workers: Sequence[int]
    connections: int
    against: str
    wanted: float | None = None
    events: int = 1
    asked: Callable[[str], wrk.Asked] = sale


TWO, REFUSED, HOST = "2 workers", "2 workers, refused", "one host, 2 workers"
SITES = [
    Site("1 worker", [1], 32, TWO),
    Site(TWO, [2], 32, TWO),
    Site("4 workers", [4], 32, TWO, 0.95),
    Site("8 workers", [8], 32, TWO, 0.85),
    # What more processes than processors cost without any commit.
    Site(REFUSED, [2], 32, REFUSED, asked=refused),
    Site("4 workers, refused", [4], 32, REFUSED, asked=refused),
    Site("8 workers, refused", [8], 32, REFUSED, asked=refused),
    Site(HOST, [2], 128, HOST),
    Site("two hosts, 1 worker each", [1, 1], 128, HOST, 0.9),
    Site("two hosts, an event each", [1, 1], 128, HOST, events=2),
    Site("four hosts, 1 worker each", [1, 1, 1, 1], 128, HOST, 0.8),
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
        line(
            site.name,
            taken,
            against=None if site.against == site.name else site.against,
            wanted=site.wanted,
        )
        for site in sites
    ]
    agree = books.check(office, "event-0", tally)
    record.keep(lines, agree, asked, ["rounds", "seconds"])


def _ask(office: Office, site: Site, seconds: int, tally: books.Tally) -> Measured:
    """Start what a site consists of, which has the machine for itself, and ask it."""
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
        _ask_all(office, plan, site, WARM_UP_S, tally)
        meter = Meter(office, servers)
        before = meter.settled()
        figures = _ask_all(office, plan, site, seconds, tally)
        return Measured(figures, meter.settled().since(before), site.connections)


def _ask_all(
    office: Office, plan: Sequence[tuple[Server, str]], site: Site, seconds: int, tally: books.Tally
) -> wrk.Figures:
    """Return what all hosts come to together; of times those of the slowest."""
    connections = site.connections // len(plan)

    def ask(one: tuple[Server, str]) -> wrk.Figures:
        server, event = one
        own = office.folder / f"wrk-{server.port}"
        own.mkdir(exist_ok=True)
        return wrk.ask(site.name, site.asked(event), server.port, own, connections, seconds)

    with ThreadPoolExecutor(len(plan)) as pool:
        parts = list(pool.map(ask, plan))
    for part in parts:
        if site.asked is sale:
            tally.add(part.requests, connections)
    return wrk.Figures(
        sum(part.requests for part in parts),
        sum(part.rate for part in parts),
        max(part.p50_ms for part in parts),
        max(part.p99_ms for part in parts),
    )


if __name__ == "__main__":
    sys.exit(main())

"""More workers than processors, and two hosts: what becomes of the rush.

`python -m bench.scaling [--rounds N] [--seconds S] [--only WORD]` sells single tickets of a hot
event by servers with 1, 2, 4 and 8 workers, one after the other, and by two and four servers that
share nothing but MongoDB, as on hosts of their own: each has a folder of its own for what the
processes of a host share. `--only` takes those whose name has the word (`host`). Needs wrk.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import wrk
from bench.mongodb import own_mongod
from bench.scenarios import EVENT, SALES, WARM_UP_S
from bench.serving import post, start
from tests.client import Client
from ticketing.server.mongod import free_port
from ticketing.storage.driver.clients import Database, connect
from ticketing.storage.migrations.runner import migrate

WORKERS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Site:
    """Hosts with so many workers each, and how many clients ask them together."""

    name: str
    workers: Sequence[int]
    connections: int
    events: int = 1


class Figures(NamedTuple):
    """Sales a second, and which part of MongoDB's transactions came to nothing."""

    rate: float
    aborted: float


def main() -> int:
    """Run the benchmark."""
    asked = _arguments()
    with own_mongod() as (mongod, folder), connect(mongod.uri, appname="bench") as client:
        migrate(client["bench"])
        _measure(mongod.uri, client["bench"], asked, folder)
    return 0


def _measure(uri: str, db: Database, asked: argparse.Namespace, folder: Path) -> None:
    sites = [Site(f"{workers} workers", [workers], 32) for workers in WORKERS]
    sites += [Site("one host, 2 workers", [2], 128), Site("two hosts, 1 worker each", [1, 1], 128),
              Site("two hosts, an event each", [1, 1], 128, events=2),
             Site("four hosts, 1 worker each", [1, 1, 1, 1], 128)]  # fmt: skip
    sites = [site for site in sites if asked.only in site.name]
    taken: dict[str, list[Figures]] = {site.name: [] for site in sites}
    for _ in range(asked.rounds):
        for site in sites:
            taken[site.name].append(_ask(uri, db, site, asked.seconds, folder))
    for site in sites:
        rate, aborted = (median(values) for values in zip(*taken[site.name], strict=True))
        print(f"{site.name:26}{site.connections:4} clients{rate:7.0f} sales a second,"
              f" {aborted:5.1%} of transactions aborted")  # fmt: skip


def _ask(uri: str, db: Database, site: Site, seconds: int, folder: Path) -> Figures:
    """Start what a site consists of, which has the machine for itself, and sell."""
    ports, servers = [], []
    processors = sorted(os.sched_getaffinity(0))
    try:
        for number, workers in enumerate(site.workers):
            host = folder / f"host-{number}"
            host.mkdir(exist_ok=True)
            ports.append(free_port())
            cpu = processors[number % len(processors)] if len(site.workers) > 1 else None
            servers.append(
                start(uri, ports[-1], workers, "wsgi:app", own=host, cpu=cpu, AUTH="open")
            )
        events = [post(Client(ports[0]), "/api/v1/events", _an_event(db))["id"]
                  for _ in range(site.events)]  # fmt: skip
        plan = list(zip(ports, cycle(events), strict=False))
        _sell(plan, site.connections, WARM_UP_S, folder)
        before = _transactions(db)
        rate = _sell(plan, site.connections, seconds, folder)
        begun, aborted = (now - then for now, then in zip(_transactions(db), before, strict=True))
        return Figures(rate, aborted / max(1, begun))
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def _an_event(db: Database) -> dict[str, object]:
    """Return what makes an event on a day that is free."""
    day = date(2040, 1, 1) + timedelta(days=db.events.estimated_document_count())
    return {**EVENT, "date": day.isoformat()}


def _sell(plan: Sequence[tuple[int, str]], connections: int, seconds: int, folder: Path) -> float:
    """Return how many sales a second all hosts come to, each by its port and for an event."""

    def ask(one: tuple[int, str]) -> float:
        port, event = one
        own = folder / f"wrk-{port}"
        own.mkdir(exist_ok=True)
        sale = wrk.Asked("POST", SALES, f'{{"event":"{event}","nTickets":1}}')
        return wrk.ask(port, sale, own, connections // len(plan), seconds).rate

    with ThreadPoolExecutor(len(plan)) as pool:
        return sum(pool.map(ask, plan))


def _transactions(db: Database) -> tuple[int, int]:
    """Return how many transactions MongoDB has begun, and how many it has aborted."""
    counted = db.client.admin.command("serverStatus")["transactions"]
    return counted["totalStarted"], counted["totalAborted"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="More workers, and two hosts.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--only", default="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""The rush on one hot event, and what else people do meanwhile, in turns.

`python -m bench.rush [--rounds N] [--seconds S] [--connections C] [--only WORD]` starts a MongoDB
and two servers as `make serve` does, with two workers each: one in open mode and one where people
sign in, with limits that nobody reaches. wrk asks each scenario of `bench.scenarios` in turns. What
counts are the ratios within a round, since the machine's own speed cancels out, and the processor
time of a request, which neighbours don't touch. Needs wrk (Debian's package `wrk`).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import cpu, wrk
from bench.mongodb import own_mongod
from bench.report import Line, write
from bench.scenarios import EVENT, PLAIN, WARM_UP_S, Scenario, scenarios
from bench.serving import post, start
from tests.client import Client
from ticketing.domain.identity.users import Role
from ticketing.server.mongod import Mongod, free_port
from ticketing.services.accounts.users import register
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.signing_in.tokens import Tokens
from ticketing.storage.driver.clients import Database, connect
from ticketing.storage.migrations.runner import migrate

SECRET = "a-key-for-the-benchmark-alone-0123456789"
TOKENS = 32


class Measured(NamedTuple):
    """What wrk measured, and the milliseconds of a processor that a request took."""

    figures: wrk.Figures
    python_ms: float
    mongod_ms: float


@dataclass(frozen=True, slots=True)
class Site:
    """What is asked: servers by their mode, with ports and workers, and the database behind."""

    ports: Mapping[str, int]
    workers: Mapping[str, Sequence[int]]
    mongod: int
    folder: Path


def main() -> int:
    """Run the benchmark; the exit code says whether the books agree afterwards."""
    asked = _arguments()
    if not shutil.which("wrk"):
        print("wrk is not installed: apt-get install wrk", file=sys.stderr)
        return 1
    with own_mongod() as (mongod, folder):
        return _measure(mongod, asked, folder)


def _measure(mongod: Mongod, asked: argparse.Namespace, folder: Path) -> int:
    with connect(mongod.uri, appname="bench") as client:
        db = client["bench"]
        migrate(db)
        tokens = _sign_in(db)
        ports = {"open": free_port(), "required": free_port()}
        servers = [
            start(mongod.uri, ports["open"], asked.workers, "bench.wsgi:app", AUTH="open"),
            start(mongod.uri, ports["required"], asked.workers, "bench.wsgi:app", AUTH="required",
                  SECRET_KEY=SECRET, RATE_WRITES="1000000 per minute",
                  RATE_READS="1000000 per minute"),
        ]  # fmt: skip
        try:
            workers = {mode: cpu.children_of(server.pid)
                       for mode, server in zip(ports, servers, strict=True)}  # fmt: skip
            site = Site(ports, workers, mongod.pid, folder)
            event = post(Client(ports["open"]), "/api/v1/events", EVENT)
            _run(site, event, tokens, asked)
            return _check(db, event["id"])
        finally:
            for server in servers:
                server.terminate()
                server.wait()


def _run(
    site: Site, event: Mapping[str, str], tokens: Sequence[str], asked: argparse.Namespace
) -> None:
    token, *others = tokens
    taken: dict[str, list[Measured]] = defaultdict(list)
    for number in range(-1, asked.rounds):
        shown = Client(site.ports["open"]).get(f"/api/v1/events/{event['id']}")
        all_ = scenarios(event["id"], str(number), token, others, shown.headers["ETag"])
        for scenario in (s for s in all_ if asked.only in s.name or s.against is None):
            if number < 0:
                # Not counted: until all workers are up, the first takes all connections.
                if scenario.asked.path in (PLAIN, all_[0].asked.path):
                    _ask(site, scenario, asked.connections, WARM_UP_S)
                continue
            connections = scenario.connections or asked.connections
            taken[scenario.name].append(_ask(site, scenario, connections, asked.seconds))
    write([_line(s, taken) for s in all_ if s.name in taken], asked.json)


def _ask(site: Site, scenario: Scenario, connections: int, seconds: int) -> Measured:
    port, workers = site.ports[scenario.server], site.workers[scenario.server]
    python, mongod = cpu.used_s(workers), cpu.used_s([site.mongod])
    figures = wrk.ask(port, scenario.asked, site.folder, connections, seconds)
    each_ms = 1000 / max(1, figures.requests)
    return Measured(
        figures,
        (cpu.used_s(workers) - python) * each_ms,
        (cpu.used_s([site.mongod]) - mongod) * each_ms,
    )


def _line(scenario: Scenario, taken: Mapping[str, Sequence[Measured]]) -> Line:
    rounds = taken[scenario.name]
    against = taken.get(scenario.against or "")
    ratios = [own.figures.rate / other.figures.rate
              for own, other in zip(rounds, against, strict=True)] if against else []  # fmt: skip
    return Line(
        scenario.name,
        rate=median(one.figures.rate for one in rounds),
        p50_ms=median(one.figures.p50_ms for one in rounds),
        p99_ms=median(one.figures.p99_ms for one in rounds),
        python_ms=median(one.python_ms for one in rounds),
        mongod_ms=median(one.mongod_ms for one in rounds),
        against=scenario.against,
        ratio=median(ratios) if ratios else None,
        wanted=scenario.wanted,
    )


def _sign_in(db: Database) -> list[str]:
    """Make staff and return a token of each, as signing in does."""
    tokens = Tokens([SECRET], 3600)
    passwords, now = Passwords(), datetime.now(UTC)
    users = [register(db, passwords, f"till-{n}@example.org", "the till's own password", now,
                      Role.STAFF, verified=True) for n in range(TOKENS + 1)]  # fmt: skip
    return [tokens.issue(user, now) for user in users]


def _check(db: Database, event_id: str) -> int:
    # In one snapshot: wrk hangs up on what it still waits for, which comes through all the same.
    with db.client.start_session(snapshot=True) as session:
        event = db.events.find_one({"_id": event_id}, session=session) or {}
        own = {"event": event_id}
        bookings = db.bookings.count_documents(own, session=session)
        trail = db.audit.count_documents(
            {**own, "action": {"$in": ["sold", "booked"]}}, session=session
        )
    print(f"sold {event['sold']} of {event['capacity']}; bookings {bookings}; audit {trail}")
    return 0 if event["sold"] == bookings == trail <= event["capacity"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The rush on one hot event.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="scenarios with this in their name")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

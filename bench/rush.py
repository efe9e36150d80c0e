"""The rush on one hot event: sales, bookings for new customers, and a POST without a database.

`python -m bench.rush [--rounds N] [--seconds S] [--connections C]` starts a MongoDB and the server
as `make serve` does, with two workers, and lets wrk ask the routes in turns. Each booking names
somebody nobody has heard of, by address, so each makes a customer. What counts are the ratios
within a round; the machine's own speed cancels out. Needs wrk (Debian's package `wrk`).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.load import EVENT, SALES, sales_script, wrk
from bench.serving import post, start
from tests.client import Client
from ticketing.server.mongod import Mongod, free_port
from ticketing.storage.driver.clients import Database, connect
from ticketing.storage.migrations.runner import migrate

PLAIN = "/bench/validated"
WARM_UP_S = 2


class Ratios(NamedTuple):
    """Of a round: sales to the POST without a database, bookings to sales."""

    sales: float
    bookings: float


def main() -> int:
    """Run the benchmark; the exit code says whether the books agree afterwards."""
    asked = _arguments()
    if not shutil.which("wrk"):
        print("wrk is not installed: apt-get install wrk", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        mongod = Mongod(Path(folder))
        mongod.start()
        try:
            return _measure(mongod.uri, asked, Path(folder))
        finally:
            mongod.kill()


def _measure(uri: str, asked: argparse.Namespace, folder: Path) -> int:
    port = free_port()
    with connect(uri, appname="bench") as client:
        migrate(client["bench"])
        server = start(uri, port, asked.workers, "bench.wsgi:app", AUTH="open")
        try:
            event = post(Client(port), "/api/v1/events", EVENT)["id"]
            script = sales_script(folder, event)
            # Not counted: until all workers are up, the first takes all connections.
            for path in (SALES, PLAIN):
                wrk(port, path, script, asked.connections, WARM_UP_S)
            ratios = [_round(port, folder, event, number, asked) for number in range(asked.rounds)]
            for name, each in zip(("sales", "bookings"), zip(*ratios, strict=True), strict=True):
                print(f"ratio of {name}: median {median(each):.2f}, lowest {min(each):.2f}")
            return _check(client["bench"], event)
        finally:
            server.terminate()
            server.wait()


def _round(port: int, folder: Path, event: str, number: int, asked: argparse.Namespace) -> Ratios:
    script, bookings = sales_script(folder, event), f"/api/v1/events/{event}/bookings"
    sales = wrk(port, SALES, script, asked.connections, asked.seconds)
    booked = wrk(port, bookings, _booking_script(folder, number), asked.connections, asked.seconds)
    plain = wrk(port, PLAIN, script, asked.connections, asked.seconds)
    ratios = Ratios(sales.rate / plain.rate, booked.rate / sales.rate)
    print(
        f"sales {sales.rate:7.0f}/s  p50 {sales.p50:>8}  p99 {sales.p99:>8}   "
        f"bookings {booked.rate:7.0f}/s  p99 {booked.p99:>8}  ratio {ratios.bookings:.2f}   "
        f"no database {plain.rate:7.0f}/s  ratio {ratios.sales:.2f}",
        flush=True,
    )
    return ratios


def _booking_script(folder: Path, number: int) -> Path:
    """Return a script that books one ticket for somebody new with each request."""
    script = folder / f"book-{number}.lua"
    script.write_text(
        f"""wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
request = function()
  n = n + 1
  local body = '{{"customer":"r{number}-' .. n .. '@example.org"}}'
  return wrk.format(nil, nil, nil, body)
end
"""
    )
    return script


def _check(db: Database, event_id: str) -> int:
    event = db.events.find_one({"_id": event_id}) or {}
    bookings = db.bookings.count_documents({"event": event_id})
    trail = db.audit.count_documents({"event": event_id, "action": {"$in": ["sold", "booked"]}})
    print(f"sold {event['sold']} of {event['capacity']}; bookings {bookings}; audit {trail}")
    return 0 if event["sold"] == bookings == trail <= event["capacity"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The rush on one hot event.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

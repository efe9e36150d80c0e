"""What a sale, a booking and the statistics cost when an event has more and more bookings.

`python -m bench.growth [--bookings N] [--rounds R] [--seconds S]` makes an event of this month with
a thousand bookings, one with ten thousand and so on up to N, each in a database and behind a server
of its own, in the shapes of the service (`bench.verifying` tells how). wrk asks all sizes in turns,
and what counts is the ratio to the smallest within a round. An event has room for what is sold
meanwhile, so the largest may have a capacity that the API would not take. Needs wrk.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from bench.load import books
from bench.load.office import Office, own_office
from bench.load.rounds import Rounds, Scenario
from bench.load.running import Record, exit_code, parser
from bench.load.scenarios import STATISTICS, booking, sale
from bench.load.serving import serving
from bench.load.wrk import Asked
from bench.verifying import fill

EVENT = "large"
SMALLEST = 1_000
ROOM = 500_000
WARM_UP_S = 1


def main() -> int:
    """Run the benchmark; the exit code says whether all was answered and kept as it should be."""
    made = parser("Sales, bookings and statistics in a growing event.", "bench-growth", seconds=3)
    made.add_argument("--bookings", type=int, default=100_000, help="of the largest event")
    made.add_argument("--connections", type=int, default=32)
    asked = made.parse_args()
    if asked.bookings < SMALLEST:
        made.error(f"--bookings: at least {SMALLEST:,}, of the smallest event")
    with own_office() as office:
        return exit_code(lambda: _measure(office, asked))


def _measure(office: Office, asked: argparse.Namespace) -> None:
    record = Record("bench-growth", office)
    sizes = list(_sizes(asked.bookings))
    offices = {size: _filled(office.beside(f"bench-{size}"), size) for size in sizes}
    with ExitStack() as stack:
        servers = {str(size): stack.enter_context(serving(own)) for size, own in offices.items()}
        rounds = Rounds(office, servers, asked.connections)
        rounds.warm_up([s for s in _scenarios(sizes, asked.rounds) if s.asked.changes], WARM_UP_S)
        lines = rounds.run(
            asked.rounds,
            asked.seconds,
            lambda number: [s for s in _scenarios(sizes, number) if asked.only in s.name],
        )
    for own in offices.values():
        books.verify(own)
    agree = f"verify agrees in {len(sizes)} databases"
    record.keep(lines, agree, asked, ["rounds", "seconds", "connections", "bookings"])


def _sizes(most: int) -> Iterator[int]:
    """Yield a thousand, ten thousand and so on, as far as they are no more than asked for."""
    size = SMALLEST
    while size <= most:
        yield size
        size *= 10


def _filled(office: Office, size: int) -> Office:
    handler = office.handler(ago=timedelta(minutes=10, milliseconds=size))
    fill(office.db, handler, size, event=EVENT, waiting=0, room=ROOM,
         day=datetime.now(UTC).date())  # fmt: skip
    return office


def _scenarios(sizes: list[int], number: int) -> list[Scenario]:
    """Return a round: each kind of request for each size, held against the smallest."""
    kinds = {
        "sale": sale(EVENT),
        "booking": booking(EVENT, f"g-{number}"),
        "statistics": Asked("GET", STATISTICS),
    }
    return [
        Scenario(
            f"{kind}, {size:,} bookings",
            str(size),
            asked,
            against=f"{kind}, {sizes[0]:,} bookings" if size > sizes[0] else None,
        )
        for kind, asked in kinds.items()
        for size in sizes
    ]


if __name__ == "__main__":
    sys.exit(main())

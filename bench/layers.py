"""What each layer of a request costs: gunicorn, Flask, what is ours around it, and a sale.

`python -m bench.layers [--rounds N] [--seconds S] [--connections C]` serves the service with two
workers, and at two more addresses less of it. wrk asks each layer in turns. What counts is the
processor time of a request, and what a layer adds to the one before it. Needs wrk.
"""

from __future__ import annotations

import argparse
import sys

from bench.load import books
from bench.load.office import Office, own_office
from bench.load.rounds import Rounds, Scenario
from bench.load.running import Record, exit_code, parser
from bench.load.scenarios import BARE, FLASK, HOT, PLAIN, WARM_UP_S, prepare, refused, sale
from bench.load.serving import serving
from bench.load.wrk import Asked

APP = "bench.load.layers_wsgi:app"


def main() -> int:
    """Run the benchmark; the exit code says whether all was answered and kept as it should be."""
    made = parser("The layers of a request.", "bench-layers", seconds=3)
    made.add_argument("--connections", type=int, default=32)
    asked = made.parse_args()
    with own_office() as office:
        return exit_code(lambda: _measure(office, asked))


def _measure(office: Office, asked: argparse.Namespace) -> None:
    record = Record("bench-layers", office)
    prepare(office)
    with serving(office, app=APP) as server:
        rounds = Rounds(office, {"open": server}, asked.connections)
        rounds.warm_up([_layers()[-1]], WARM_UP_S)
        chosen = [layer for layer in _layers() if asked.only in layer.name]
        lines = rounds.run(asked.rounds, asked.seconds, lambda _: chosen)
    agree = books.check(office, HOT, rounds.tally)
    record.keep(lines, agree, asked, ("rounds", "seconds", "connections"))


def _layers() -> list[Scenario]:
    """Return the layers, from the outermost on: each has all that is in the one before it."""
    validated = Asked("POST", PLAIN, sale(HOT).body, status=201, effect=False)
    return [
        Scenario("gunicorn and our worker", "open", Asked("GET", BARE)),
        Scenario("and Flask", "open", Asked("GET", FLASK)),
        Scenario("and what is ours around each request", "open", Asked("GET", "/livez")),
        Scenario("and a body that is refused", "open", refused(HOT)),
        Scenario("or one that is answered, no database", "open", validated),
        Scenario("and the sale", "open", sale(HOT)),
    ]


if __name__ == "__main__":
    sys.exit(main())

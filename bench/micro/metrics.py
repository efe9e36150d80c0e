"""What counting for `/metrics` costs a sale.

`python -m bench.micro.metrics [--sales S] 2>/dev/null` sells single tickets of one event in this
process, one with metrics and one without in turns, with the files that workers share, and compares
the medians of the processor time that the selling thread needs: neither MongoDB nor neighbours are
in it. Each sale is a group by itself: in a rush the counting of a commit is shared by its whole
group. Standard error has a line of the log for each request, as in production.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from statistics import median
from typing import Any

from flask.testing import FlaskClient

from bench.load.mongodb import own_mongod
from bench.load.scenarios import EVENT, SALES
from ticketing.server import logs
from ticketing.server.running import settings_for_trying_out
from ticketing.storage.driver.clients import connect
from ticketing.storage.migrations.runner import migrate

WARM_UP = 50


def main() -> int:
    """Print both figures, and what metrics add."""
    asked = _arguments()
    with own_mongod() as (mongod, folder):
        # The library looks at it once, when it is imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        _measure(mongod.uri, asked)
    return 0


def _measure(uri: str, asked: argparse.Namespace) -> None:
    from ticketing import app as composition
    from ticketing.metrics import Metrics

    class NoMetrics(Metrics):
        """Counts nothing."""

        def __getattribute__(self, name: str) -> Any:
            if name == "committing":
                return _nothing_around
            found = super().__getattribute__(name)
            return _nothing if name.startswith("count_") else found

    settings = replace(settings_for_trying_out(), mongodb_uri=uri, rates={})
    logs.configure("info", "json")  # as in production, on standard error
    with connect(uri, appname="bench") as client:
        migrate(client[settings.database])
    counting = composition.create_app(settings).test_client()
    setattr(composition, "PoolWatch", lambda _: None)  # noqa: B010
    setattr(composition, "Metrics", NoMetrics)  # noqa: B010 - mypy knows it as a type
    silent = composition.create_app(settings).test_client()
    made: Any = counting.post("/api/v1/events", json=EVENT).json
    taken: dict[FlaskClient, list[int]] = {counting: [], silent: []}
    for _ in range(asked.sales):
        for api, times in taken.items():
            times.append(_time_of(api, made["id"]))
    with_, without = (median(times[WARM_UP:]) / 1000 for times in taken.values())
    print(f"with {with_:.0f} us, without {without:.0f} us: {with_ / without - 1:+.1%}")


def _time_of(api: FlaskClient, event: str) -> int:
    began = time.thread_time_ns()
    answer = api.post(SALES, json={"event": event, "nTickets": 1})
    assert answer.status_code == 201, answer.text
    return time.thread_time_ns() - began


def _nothing(*_: object, **__: object) -> None: ...


def _nothing_around(_: int) -> AbstractContextManager[None]:
    return nullcontext()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What counting costs a sale.")
    parser.add_argument("--sales", type=int, default=1000)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

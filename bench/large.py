"""What each request costs where one event has a great many bookings: `make bench-large`.

`python -m bench.large [--bookings N]` makes an event of N bookings, nine tenths of them with
tickets and a tenth waiting, in the shapes of the service (`bench.verifying` tells how). Then it
asks for everything that has to do with the event, within this process: the median of so many times,
and which documents and index keys MongoDB looked at for one (its profiler tells). What a request
looks at should not grow with what it does not ask for. At the end the event is called off, and the
processor time for each booking that ends is told as well, which neighbours hardly touch.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bench.load.cpu import used_s
from bench.load.office import Office, own_office
from bench.verifying import fill
from ticketing.app import create_app
from ticketing.server import logs
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver.clients import Database

EVENT = "large"
_V1 = "/api/v1"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request by its name, and the statuses that it may come to."""

    name: str
    ask: Callable[[], TestResponse]
    statuses: Sequence[int] = (200, 201, 202)


def main() -> int:
    """Print a line for each request."""
    parser = argparse.ArgumentParser(description="Requests about an event with many bookings.")
    parser.add_argument("--bookings", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    given = parser.parse_args()
    logs.configure("critical")
    with own_office() as office:
        _measure(office, given.bookings, given.times)
    return 0


def _measure(office: Office, bookings: int, times: int) -> None:
    handler = office.handler()
    fill(office.db, handler, bookings)
    api = create_app(office.settings, office.client).test_client()
    print(f"{'one event of':38}{bookings:>9,} bookings\n")
    print(f"{'':38}{'p50':>9}{'documents':>11}{'keys':>9}")
    for asked in _requests(api, bookings):
        _tell(office.db, asked, times)
    _call_off(api, office, handler)


def _requests(api: FlaskClient, bookings: int) -> Iterator[Asked]:
    """List what there is to ask of the event, changes last."""
    number = count()
    shown, of_event = f"{_V1}/events/{EVENT}", f"{_V1}/bookings?event={EVENT}"
    last, some = f"b{bookings - 1:023x}", f"b{bookings // 3 | 1:023x}"

    def get(path: str) -> Callable[[], TestResponse]:
        return lambda: api.get(path)

    yield Asked("the event", get(shown))
    yield Asked("its status", get(f"{shown}/status"))
    for status in ("confirmed", "waiting", "cancelled"):
        yield Asked(f"a page of its {status} bookings", get(f"{of_event}&status={status}"))
    yield Asked("who is called customer-7", get(f"{of_event}&name=customer-7"))
    yield Asked("a page of its sales", get(f"{_V1}/transactions?event={EVENT}"))
    yield Asked("a page of its audit", get(f"{shown}/audit"))
    yield Asked("the first page of its waiting list", get(f"{shown}/waiting-list"))
    yield Asked("a booking", get(f"{_V1}/bookings/{some}"))
    yield Asked("the last in the waiting list", get(f"{_V1}/bookings/{last}"))
    yield Asked("a customer's bookings", get(f"{_V1}/bookings?customer=customer-1@example.org"))
    yield Asked("the statistics", get(f"{_V1}/statistics/monthly"), (200, 404))
    yield Asked(
        "a sale, refused",
        lambda: api.post(f"{_V1}/transactions", json={"event": EVENT, "nTickets": 1}),
        (409,),
    )
    yield Asked(
        "a booking that joins the list",
        lambda: api.post(
            f"{shown}/bookings", json={"nTickets": 1, "customer": f"new-{next(number)}"}
        ),
    )
    yield Asked(
        "a booking cancelled, the first served",
        lambda: api.delete(f"{_V1}/bookings/b{2 * next(number) + 1:023x}"),
    )
    yield Asked("capacity and one", lambda: _one_more(api, shown))


def _one_more(api: FlaskClient, shown: str) -> TestResponse:
    capacity = api.get(shown).json["capacity"]  # type: ignore[index]
    return api.patch(shown, json={"capacity": capacity + 1})


def _tell(db: Database, asked: Asked, times: int) -> None:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        answer = asked.ask()
        taken.append(time.perf_counter() - begun)
        assert answer.status_code in asked.statuses, (asked.name, answer.status_code, answer.text)
    documents, keys = _looked_at(db, asked.ask)
    print(f"{asked.name:38}{median(taken) * 1000:6.1f} ms{documents:11,}{keys:9,}", flush=True)


def _looked_at(db: Database, ask: Callable[[], object]) -> tuple[int, int]:
    """Return how many documents and keys MongoDB looks at for a request, by its profiler."""
    db.command({"profile": 0})
    db.drop_collection("system.profile")
    db.command({"profile": 2})
    try:
        ask()
    finally:
        db.command({"profile": 0})
    seen = list(db["system.profile"].find({"docsExamined": {"$exists": True}}))
    return sum(op["docsExamined"] for op in seen), sum(op["keysExamined"] for op in seen)


def _call_off(api: FlaskClient, office: Office, handler: CommandHandler) -> None:
    held = office.db.bookings.count_documents({"event": EVENT, "status": {"$ne": "cancelled"}})
    used = _used(office)
    begun = time.perf_counter()
    answer = api.post(f"{_V1}/events/{EVENT}/cancellation")
    assert answer.status_code == 200, answer.text
    told = time.perf_counter() - begun
    while not handler.resume(EVENT, "bench"):
        pass
    seconds = time.perf_counter() - begun
    python, mongod = (
        (after - before) / held * 1e6 for before, after in zip(used, _used(office), strict=True)
    )
    print(f"\ncalled off: told after {told:.1f} s, {held:,} bookings ended in {seconds:.0f} s, "
          f"{held / seconds:,.0f} a second; {python:.0f} µs of Python and {mongod:.0f} of MongoDB "
          "for each")  # fmt: skip


def _used(office: Office) -> tuple[float, float]:
    """Return the processor seconds of this process and of its MongoDB."""
    return time.process_time(), used_s([office.mongod.pid])


if __name__ == "__main__":
    sys.exit(main())

"""What it takes to verify one event with a great many bookings.

`python -m bench.verifying [--bookings N]` starts a MongoDB of its own and has the service sell,
book and put somebody on the waiting list once, in a small event. It makes an event of N bookings by
copying these three, with their audit entries and customers: each copy has an id, a customer, a
sequence and counters of its own, as the documents would be had they been booked one by one. Nine
tenths have tickets, every other one sold over the counter, and the last tenth waits. Then it runs
`ticketing verify`, on a tenth of them and on all, and prints how long each took and how much memory
it had at most.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from bench.mongodb import own_mongod
from ticketing.app import command_handler
from ticketing.domain.changes.chain import Head, next_head
from ticketing.domain.commands.events import Create
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.names import canonical_key
from ticketing.server.running import settings_for_trying_out
from ticketing.services import commands
from ticketing.services.commands import PurchaseLimit
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.documents import AUDIT, Fields
from ticketing.storage.driver.clients import Database, Document, connect
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.migrations.runner import migrate

PRICE = 500
AT_ONCE = 10_000


def main() -> int:
    """Print a line for a tenth and for all."""
    parser = argparse.ArgumentParser(description="What a verification takes.")
    parser.add_argument("--bookings", type=int, default=1_000_000)
    most = parser.parse_args().bookings
    for wanted in (most // 10, most):
        with own_mongod() as (mongod, _):
            _measure(mongod.uri, wanted)
    return 0


def _measure(uri: str, wanted: int) -> None:
    settings = settings_for_trying_out()
    with connect(uri, appname="bench") as client:
        db = client[settings.database]
        migrate(db)
        fill(db, command_handler(settings, client, db, utc_now), wanted)
    _verify(uri, wanted)


def fill(db: Database, handler: CommandHandler, wanted: int) -> None:
    """Make the event "large" of so many bookings."""
    caller = Caller("bench", "bench")
    handler.execute(Create("Small", None, None, 2, PRICE), on="small", caller=caller)
    handler.execute(commands.sell(1), on="small", caller=caller)
    for name in ("ada", "grace"):
        book = commands.book(commands.named(name), 1, limit=PurchaseLimit())
        handler.execute(book, on="small", caller=caller)
    large = Create("Large", None, date(2040, 1, 2), wanted - wanted // 10, PRICE)
    handler.execute(large, on="large", caller=caller)
    _copy_all(db, wanted, large.capacity)


class _Copied(NamedTuple):
    """A booking with its audit entry and its customer, of whom a sale has none."""

    booking: Document
    entry: Document
    customer: Document | None


def _copy_all(db: Database, wanted: int, capacity: int) -> None:
    sold, booked, waiting = (_copied(db, sequence) for sequence in (2, 3, 4))

    def rows() -> Iterator[_Copied]:
        for n in range(wanted):
            kind = waiting if n >= capacity else booked if n % 2 else sold
            yield _copy(kind, n, min(n + 1, capacity), max(0, n + 1 - capacity))

    head = _head_of(db)
    for some in _in_lots(rows()):
        customers = [row.customer for row in some if row.customer]
        if customers:
            db.customers.insert_many(customers, ordered=False)
        db.bookings.insert_many([row.booking for row in some], ordered=False)
        for row in some:
            head = next_head(head, AUDIT.decode(Fields(row.entry)))
            row.entry["hash"] = head.hash
        db.audit.insert_many([row.entry for row in some], ordered=False)
    last = db.audit.find_one({"event": "large", "sequence": wanted + 1})
    assert last is not None
    figures = {
        "sold": capacity,
        "bookings": capacity // 2,
        "waiting": wanted - capacity,
        "revenue": capacity * PRICE,
        "sequence": wanted + 1,
        "ever_booked": True,
        "updated_at": last["at"],
        "head": str(head),
    }
    db.events.update_one({"_id": "large"}, {"$set": figures})


def _head_of(db: Database) -> Head:
    event = db.events.find_one({"_id": "large"})
    assert event is not None
    return Head.parse(event["head"])


def _in_lots(rows: Iterator[_Copied]) -> Iterator[list[_Copied]]:
    while some := [row for _, row in zip(range(AT_ONCE), rows, strict=False)]:
        yield some


def _copied(db: Database, sequence: int) -> _Copied:
    booking = db.bookings.find_one({"event": "small", "sequence": sequence})
    entry = db.audit.find_one({"event": "small", "sequence": sequence})
    assert booking is not None
    assert entry is not None
    return _Copied(booking, entry, db.customers.find_one({"_id": booking["customer"]}))


def _copy(one: _Copied, n: int, sold: int, waiting: int) -> _Copied:
    name = f"customer-{n}@example.org"
    id_, whose, sequence = f"b{n:023x}", one.customer and f"c{n:023x}", n + 2
    at = one.entry["at"] + timedelta(seconds=1, milliseconds=n)
    same = {"event": "large", "customer": whose, "sequence": sequence}
    changes = {
        field: [old, whose if field == "customer" else new]
        for field, (old, new) in one.entry["changes"].items()
    }
    entry = {**one.entry, **same, "booking": id_, "at": at, "sold": sold, "waiting": waiting}
    del entry["_id"]
    return _Copied(
        {**one.booking, "_id": id_, **same, "created_at": at},
        {**entry, "changes": changes},
        one.customer and {**one.customer, "_id": whose, "name": name, "key": canonical_key(name)},
    )


def _verify(uri: str, wanted: int) -> None:
    before = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "ticketing", "verify"],
        env={**os.environ, "TICKETING_MONGODB_URI": uri, "TICKETING_AUTH": "open"},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    print(_line(wanted, time.monotonic() - before, used), flush=True)


def _line(bookings: int, seconds: float, used: resource.struct_rusage) -> str:
    return (
        f"{bookings:>9,} bookings: {seconds:5.0f} s, {used.ru_utime + used.ru_stime:.0f} s of them "
        f"CPU, {bookings / seconds:,.0f} bookings/s, {used.ru_maxrss / 1024:.0f} MB of memory"
    )


if __name__ == "__main__":
    sys.exit(main())

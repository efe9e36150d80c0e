"""What it takes to export a great many bookings.

`python -m bench.exporting [--bookings N]` starts a MongoDB of its own, has the service book once,
and copies that booking and its customer N times, each with an id, a customer, a sequence and a time
of its own: 400 to an event, as the documents would be had they been booked one by one. Then it runs
`ticketing export` on a tenth of them and on all, and prints how long each took and how much memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.load.office import PREPARING, Office, own_office
from ticketing.command.exchange.formats import FORMATS
from ticketing.domain.commands.events import Create
from ticketing.services import commands
from ticketing.services.commands import PurchaseLimit
from ticketing.storage.driver.clients import Database, Document

AN_EVENT = 400
AT_ONCE = 10_000


def main() -> int:
    """Print a line for a tenth and for all, in each format."""
    parser = argparse.ArgumentParser(description="What an export takes.")
    parser.add_argument("--bookings", type=int, default=1_000_000)
    most = parser.parse_args().bookings
    with own_office() as office:
        _measure(office, most)
    return 0


def _measure(office: Office, most: int) -> None:
    handler = office.handler()
    handler.execute(Create("Rush", None, None, AN_EVENT, 500), on="e0", caller=PREPARING)
    book = commands.book(commands.named("ada@example.org"), 1, limit=PurchaseLimit())
    handler.execute(book, on="e0", caller=PREPARING)
    made = 1
    for wanted in (most // 10, most):
        _copy(office.db, made, wanted)
        made = wanted
        for format_ in FORMATS:
            _export(office.mongod.uri, office.folder, format_, wanted)


def _copy(db: Database, first: int, until: int) -> None:
    booking, customer = db.bookings.find_one({}), db.customers.find_one({})
    assert booking is not None
    assert customer is not None
    for begin in range(first, until, AT_ONCE):
        numbers = range(begin, min(begin + AT_ONCE, until))
        db.customers.insert_many(_customers(customer, numbers), ordered=False)
        db.bookings.insert_many(_bookings(booking, numbers), ordered=False)


def _customers(one: Document, numbers: range) -> Iterator[Document]:
    for n in numbers:
        name = f"customer-{n}@example.org"
        yield {**one, "_id": f"c{n:023x}", "name": name, "key": name}


def _bookings(one: Document, numbers: range) -> Iterator[Document]:
    for n in numbers:
        yield {
            **one,
            "_id": f"b{n:023x}",
            "event": f"e{1 + n // AN_EVENT}",
            "customer": f"c{n:023x}",
            "sequence": n % AN_EVENT + 10,
            "created_at": one["created_at"] - timedelta(days=1) + timedelta(milliseconds=n),
        }


def _export(uri: str, folder: Path, format_: str, rows: int) -> None:
    file = folder / f"bookings.{format_}"
    before = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "ticketing", "export", "bookings",
         "--format", format_, "--output", file],
        env={**os.environ, "TICKETING_MONGODB_URI": uri, "TICKETING_AUTH": "open"},
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    seconds = time.monotonic() - before
    with file.open("rb") as text:
        assert sum(1 for _ in text) == rows + (format_ == "csv")
    size = file.stat().st_size / 1e6
    print(_line(rows, format_, seconds, used, size), flush=True)


def _line(rows: int, kind: str, seconds: float, used: resource.struct_rusage, size: float) -> str:
    memory = used.ru_maxrss / 1024
    return (
        f"{rows:>9,} bookings as {kind:<6}: {seconds:5.0f} s, {rows / seconds:,.0f} rows/s, "
        f"{memory:.0f} MB of memory, a file of {size:.0f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())

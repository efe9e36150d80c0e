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
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from bench.load.office import PREPARING, own_office
from ticketing.domain.commands.events import Create
from ticketing.domain.identity.names import canonical_key
from ticketing.services import commands
from ticketing.services.commands import PurchaseLimit
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver.clients import Database, Document

PRICE = 500
AT_ONCE = 10_000


def main() -> int:
    """Print a line for a tenth and for all."""
    parser = argparse.ArgumentParser(description="What a verification takes.")
    parser.add_argument("--bookings", type=int, default=1_000_000)
    most = parser.parse_args().bookings
    for wanted in (most // 10, most):
        with own_office() as office:
            fill(office.db, office.handler(), wanted)
            _verify(office.mongod.uri, wanted)
    return 0


def fill(
    db: Database,
    handler: CommandHandler,
    wanted: int,
    *,
    event: str = "large",
    day: date = date(2040, 1, 2),
    waiting: int | None = None,
    room: int = 0,
    first: int = 0,
) -> None:
    """Make an event of so many bookings, with `room` for more where nobody waits.

    A tenth waits unless it is said how many. Bookings and customers are numbered from `first`.
    Their times follow the handler's clock by a millisecond each.
    """
    _sell_book_and_wait(db, handler)
    waiting = wanted // 10 if waiting is None else waiting
    new = Create("Large", None, day, wanted - waiting + room, PRICE)
    handler.execute(new, on=event, caller=PREPARING)
    _copy_all(db, event, wanted, waiting, first)


def _sell_book_and_wait(db: Database, handler: CommandHandler) -> None:
    """Do once what is copied."""
    if db.events.find_one({"_id": "small"}):
        return
    handler.execute(Create("Small", None, None, 2, PRICE), on="small", caller=PREPARING)
    handler.execute(commands.sell(1), on="small", caller=PREPARING)
    for name in ("ada", "grace"):
        book = commands.book(commands.named(name), 1, limit=PurchaseLimit())
        handler.execute(book, on="small", caller=PREPARING)


class _Copied(NamedTuple):
    """A booking with its audit entry and its customer, of whom a sale has none."""

    booking: Document
    entry: Document
    customer: Document | None


def _copy_all(db: Database, event: str, wanted: int, waiting: int, first: int) -> None:
    sold, booked, waits = (_copied(db, sequence) for sequence in (2, 3, 4))
    held = wanted - waiting
    begun = db.audit.find_one({"event": event, "sequence": 1})
    assert begun is not None

    def rows() -> Iterator[_Copied]:
        for n in range(wanted):
            kind = waits if n >= held else booked if n % 2 else sold
            figures = {"sold": min(n + 1, held), "waiting": max(0, n + 1 - held)}
            own = {"event": event, "sequence": n + 2}
            at = begun["at"] + timedelta(seconds=1, milliseconds=n)
            yield _copy(kind, first + n, own, figures, at)

    for some in _in_lots(rows()):
        customers = [row.customer for row in some if row.customer]
        if customers:
            db.customers.insert_many(customers, ordered=False)
        db.bookings.insert_many([row.booking for row in some], ordered=False)
        db.audit.insert_many([row.entry for row in some], ordered=False)
    last = db.audit.find_one({"event": event, "sequence": wanted + 1})
    assert last is not None
    figures = {
        "sold": held,
        "bookings": held // 2,
        "waiting": waiting,
        "revenue": held * PRICE,
        "sequence": wanted + 1,
        "ever_booked": True,
        "updated_at": last["at"],
    }
    db.events.update_one({"_id": event}, {"$set": figures})


def _in_lots(rows: Iterator[_Copied]) -> Iterator[list[_Copied]]:
    while some := [row for _, row in zip(range(AT_ONCE), rows, strict=False)]:
        yield some


def _copied(db: Database, sequence: int) -> _Copied:
    booking = db.bookings.find_one({"event": "small", "sequence": sequence})
    entry = db.audit.find_one({"event": "small", "sequence": sequence})
    assert booking is not None
    assert entry is not None
    return _Copied(booking, entry, db.customers.find_one({"_id": booking["customer"]}))


def _copy(one: _Copied, n: int, own: Document, figures: Mapping[str, int], at: datetime) -> _Copied:
    name = f"customer-{n}@example.org"
    id_, whose = f"b{n:023x}", one.customer and f"c{n:023x}"
    changes = {
        field: [old, whose if field == "customer" else new]
        for field, (old, new) in one.entry["changes"].items()
    }
    entry = {**one.entry, **own, **figures, "customer": whose, "booking": id_, "at": at}
    del entry["_id"]
    return _Copied(
        {**one.booking, "_id": id_, **own, "customer": whose, "created_at": at},
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

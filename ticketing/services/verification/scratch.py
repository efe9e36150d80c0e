"""What is known of an event's bookings while it is verified, however many there are.

It stands in a temporary database of SQLite, which is in memory while that is little and in a file
without a name beyond that, so that memory stays bounded. The file is in the folder for temporary
files and takes about 0.4 kB for each booking of the event; it is gone with the process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

from ticketing.domain.verification.comparing import Found
from ticketing.domain.verification.replayed import Replayed
from ticketing.domain.verification.replaying import Model

# What SQLite holds in memory of it.
_CACHE_KB = 16_384

# Columns have no type, so that each value comes back as what it was.
_TABLES = """
CREATE TABLE replayed (
    id PRIMARY KEY, status, customer, tickets, total, sequence, created_at, cancelled_at, reason,
    sold_by, cancelled_by, price, offered, acquired
) WITHOUT ROWID;
CREATE TABLE queue (id PRIMARY KEY, place) WITHOUT ROWID;
CREATE INDEX by_place ON queue (place);
CREATE TABLE found (id PRIMARY KEY, status, customer, tickets, total, sequence) WITHOUT ROWID;
CREATE TABLE unknown_customers (id PRIMARY KEY) WITHOUT ROWID;
"""
_NAMES = ("replayed", "queue", "found", "unknown_customers")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT = timedelta(microseconds=1)

_Row = tuple[str | int | None, ...]

# A row as its columns stand in `_TABLES`; its times are numbers, and `acquired` is JSON.
_ReplayedRow = tuple[
    str, str, str | None, int, int | None, int, int | None, int | None, str | None, str | None,
    str | None, int | None, int, str,
]  # fmt: skip
_FoundRow = tuple[str, str, str | None, int, int | None, int]


class Scratch:
    """A temporary database for one event at a time."""

    def __init__(self) -> None:
        # One transaction that never ends: nobody needs to find anything after a crash.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA temp_store = FILE")
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self._db.executescript(_TABLES)
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Give the memory and the file back."""
        self._db.close()

    def clear(self) -> None:
        """Forget everything, since another event is next."""
        for name in _NAMES:
            self._db.execute(f"DELETE FROM {name}")  # noqa: S608

    def load(self, model: Model, ids: Collection[str], entries: int) -> None:
        """Give the model what so many entries need that name these bookings."""
        model.bookings = self.replayed(ids)
        first = "SELECT id, place FROM queue ORDER BY place LIMIT ?"
        waiting: set[tuple[str, int]] = set(self._db.execute(first, (entries + 1,)))
        for id_ in ids:
            waiting |= set(self._db.execute("SELECT id, place FROM queue WHERE id = ?", (id_,)))
        model.queue = dict(sorted(waiting, key=lambda row: row[1]))

    def save(self, model: Model, ids: Collection[str]) -> None:
        """Keep what has come of these bookings."""
        self._delete("replayed", [id_ for id_ in ids if id_ not in model.bookings])
        rows = [_row(id_, booking) for id_ in ids if (booking := model.bookings.get(id_))]
        self._replace("replayed", rows)
        self._delete("queue", ids)
        self._replace("queue", [(id_, model.queue[id_]) for id_ in ids if id_ in model.queue])

    def replayed(self, ids: Iterable[str]) -> dict[str, Replayed]:
        """Return these bookings as the audit has them, those that it knows."""
        sql = "SELECT * FROM replayed WHERE id = ?"
        rows: Iterator[_ReplayedRow] = chain.from_iterable(
            self._db.execute(sql, (id_,)) for id_ in ids
        )
        return {row[0]: _replayed(row) for row in rows}

    def found(self, ids: Iterable[str]) -> dict[str, Found]:
        """Return those of these bookings that have been found."""
        sql = "SELECT * FROM found WHERE id = ?"
        rows: Iterator[_FoundRow] = chain.from_iterable(
            self._db.execute(sql, (id_,)) for id_ in ids
        )
        return {row[0]: Found(*row[1:]) for row in rows}

    def note_found(self, found: Mapping[str, Found | None]) -> None:
        """Note what has been found, None where a booking is of this event no more."""
        self._delete("found", [id_ for id_, booking in found.items() if booking is None])
        rows = [
            (id_, b.status, b.customer, b.tickets, b.total, b.sequence)
            for id_, b in found.items()
            if b is not None
        ]
        self._replace("found", rows)

    def missing(self) -> Iterator[str]:
        """Find the bookings that the audit knows and that have not been found."""
        for (id_,) in self._db.execute(
            "SELECT id FROM replayed EXCEPT SELECT id FROM found ORDER BY id"
        ):
            yield id_

    def held_twice(self) -> Iterator[tuple[str, int]]:
        """Find the customers who have several active bookings, and how many."""
        yield from self._db.execute(
            "SELECT customer, count(*) FROM found WHERE customer IS NOT NULL"
            " AND status <> 'cancelled' GROUP BY customer HAVING count(*) > 1 ORDER BY customer"
        )

    def head(self) -> tuple[str, Found] | None:
        """Find the first of the bookings that have been found waiting."""
        row: _FoundRow | None = self._db.execute(
            "SELECT * FROM found WHERE status = 'waiting' ORDER BY sequence, id LIMIT 1"
        ).fetchone()
        return (row[0], Found(*row[1:])) if row else None

    def note_unknown(self, customers: Iterable[str]) -> None:
        """Note customers whom a booking names and who are not there."""
        self._replace("unknown_customers", [(id_,) for id_ in customers])

    def unknown(self) -> Iterator[str]:
        """Return the customers that have been noted, each once."""
        for (id_,) in self._db.execute("SELECT id FROM unknown_customers ORDER BY id"):
            yield id_

    def _delete(self, table: str, ids: Iterable[str]) -> None:
        self._db.executemany(f"DELETE FROM {table} WHERE id = ?", [(id_,) for id_ in ids])  # noqa: S608

    def _replace(self, table: str, rows: Sequence[_Row]) -> None:
        if rows:
            places = ", ".join("?" * len(rows[0]))
            self._db.executemany(f"REPLACE INTO {table} VALUES ({places})", rows)  # noqa: S608


def _row(id_: str, booking: Replayed) -> _Row:
    return (
        id_,
        booking.status,
        booking.customer,
        booking.tickets,
        booking.total,
        booking.sequence,
        _number(booking.created_at),
        _number(booking.cancelled_at),
        booking.reason,
        booking.sold_by,
        booking.cancelled_by,
        booking.price,
        booking.offered,
        json.dumps(booking.acquired),
    )


def _replayed(row: _ReplayedRow) -> Replayed:
    _, status, customer, tickets, total, sequence, created_at, cancelled_at, *_ = row
    reason, sold_by, cancelled_by, price, offered, acquired = row[8:]
    return Replayed(
        status,
        customer,
        tickets,
        total,
        sequence,
        _moment(created_at),
        _moment(cancelled_at),
        reason,
        sold_by,
        cancelled_by,
        price,
        bool(offered),
        json.loads(acquired),
    )


def _number(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _UNIT


def _moment(number: int | None) -> datetime | None:
    return None if number is None else _EPOCH + number * _UNIT

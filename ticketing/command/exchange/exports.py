"""`export`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import click
from marshmallow import Schema

from ticketing.api.schemas import EVENT
from ticketing.api.schemas.audit import AuditEntry
from ticketing.api.schemas.bookings import Booking
from ticketing.api.schemas.transactions import Transaction
from ticketing.command.database import data_option, to_read
from ticketing.command.exchange import walks
from ticketing.command.exchange.formats import FORMATS, Format, Row, head_of, text_of
from ticketing.command.terminal.progress import Progress
from ticketing.domain.errors import EventNotFound
from ticketing.storage import events
from ticketing.storage.driver.clients import Database

Rows = Sequence[Row]

_BOOKINGS = Booking(many=True, exclude=("position",))
_SALES = Transaction(many=True)
_AUDIT = AuditEntry(many=True)


def _columns(schema: Schema) -> list[str]:
    return [field.data_key or name for name, field in schema.fields.items()]


def _events(db: Database, event: str | None) -> Iterator[Rows]:
    if event is not None:
        yield [EVENT.dump(events.get(db, event))]
        return
    for page in walks.events_by_day(db, events.Filter()):
        yield EVENT.dump(page, many=True)


def _bookings(db: Database, event: str | None) -> Iterator[Rows]:
    for page in walks.all_bookings(db, event):
        yield _BOOKINGS.dump(page)


def _sales(db: Database, event: str | None) -> Iterator[Rows]:
    for page in walks.all_sales(db, event):
        yield _SALES.dump(page)


def _audit(db: Database, event: str | None) -> Iterator[Rows]:
    for id_ in [event] if event is not None else events.all_ids(db):
        for page in walks.audit_of(db, id_):
            yield [{"event": id_, **row} for row in _AUDIT.dump(page)]


_WHAT: Mapping[str, tuple[list[str], Callable[[Database, str | None], Iterator[Rows]]]] = {
    "events": (_columns(EVENT), _events),
    "bookings": (_columns(_BOOKINGS), _bookings),
    "transactions": (_columns(_SALES), _sales),
    "audit": (["event", *_columns(_AUDIT)], _audit),
}


@click.command()
@click.argument("what", type=click.Choice(list(_WHAT)))
@click.option("--format", "format_", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option("--event", help="Only of the event with this id.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file; standard output where none is named. It is there when all is in it.",
)
@data_option
def export(what: str, format_: Format, event: str | None, output: Path | None, data: Path) -> None:
    """Write out all events, bookings, transactions, or the audit.

    The fields are those of the API. Each row is as it was when it was read; sales may go on.
    """
    columns, pages_of = _WHAT[what]
    with to_read(data) as db:
        if event is not None and not events.has_existed(db, event):
            raise EventNotFound
        pages = pages_of(db, event)
        if output is None:
            written = _write(sys.stdout, format_, columns, pages)
        else:
            written = _write_file(output, format_, columns, pages)
    click.echo(f"Rows: {written:,}.", file=sys.stderr)


def _write(out: TextIO, format_: Format, columns: Sequence[str], pages: Iterator[Rows]) -> int:
    rows = 0
    with Progress() as progress:
        out.write(head_of(format_, columns))
        for page in pages:
            out.write(text_of(format_, columns, page))
            rows += len(page)
            progress.tell(f"Rows: {rows:,}")
        out.flush()
    return rows


def _write_file(file: Path, format_: Format, columns: Sequence[str], pages: Iterator[Rows]) -> int:
    """Write beside the file and rename: a half-written one is never there under its name."""
    # A device or a pipe has to stay what it is.
    in_place = file.exists() and not file.is_file()
    part = file if in_place else file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        # newline="": the lines end as the format says.
        with part.open("w", encoding="utf-8", newline="") as out:
            rows = _write(out, format_, columns, pages)
        if not in_place:
            part.replace(file)
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}.") from None
    finally:
        if not in_place:
            with suppress(OSError):
                part.unlink()
    return rows

"""`events`: the calendar."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click
from marshmallow import ValidationError

from ticketing.api.schemas import EVENT, NEW_EVENT
from ticketing.command.database import data_option, executed, to_change, to_read
from ticketing.command.endings import faults
from ticketing.command.exchange.walks import events_by_day
from ticketing.command.terminal import tables
from ticketing.server.running import CannotStart
from ticketing.services import commands
from ticketing.storage import events as calendar

_COLUMNS = {
    "date": "date",
    "name": "name",
    "ticketsSold": "sold",
    "capacity": "of",
    "waiting": "waiting",
    "costPerTicket": "price",
    "status": "status",
    "id": "id",
}


@click.group()
def events() -> None:
    """List, show and add events."""


@events.command("list")
@click.option(
    "--from", "first", type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]), help="From this day on."
)
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]), help="Up to this day.")
@click.option("--status", type=click.Choice(["scheduled", "cancelled"]))
@data_option
def list_(first: datetime | None, last: datetime | None, status: str | None, data: Path) -> None:
    """List events by day."""
    wanted = calendar.Filter(_day(first), _day(last), status)
    with to_read(data) as db:
        rows = [EVENT.dump(event) for page in events_by_day(db, wanted) for event in page]
    tables.show(rows, _COLUMNS)


@events.command()
@click.argument("id_", metavar="ID")
@data_option
def show(id_: str, data: Path) -> None:
    """Show an event, a field a line."""
    with to_read(data) as db:
        for name, value in EVENT.dump(calendar.get(db, id_)).items():
            click.echo(f"{name}: {'' if value is None else value}")


@events.command()
@click.argument("name")
@click.argument("date")
@click.argument("capacity", type=int)
@click.argument("price")
@click.option("--venue", help="Where it takes place.")
@data_option
def add(name: str, date: str, capacity: int, price: str, venue: str | None, data: Path) -> None:
    """Add an event and print its id.

    DATE is written DD/MM/YYYY or YYYY-MM-DD, PRICE with at most two decimals.
    """
    try:
        new = NEW_EVENT.load(
            {
                "name": name,
                "date": date,
                "capacity": capacity,
                "costPerTicket": _amount(price),
                **_given(venue=venue),
            }
        )
    except ValidationError as error:
        raise CannotStart(f"That can't be an event: {faults(error.messages_dict)}") from None
    with to_change(data) as db:
        click.echo(executed(db, new, on=commands.event_id()).id)


def _amount(text: str) -> object:
    """Return an amount of money as a number, where it is one; a schema refuses what is none."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}

"""`sell`."""

from __future__ import annotations

from pathlib import Path

import click

from ticketing.api.schemas import TRANSACTION_RECEIPT
from ticketing.command.database import data_option, executed, to_change
from ticketing.domain.events import MAX_CAPACITY
from ticketing.services import commands


@click.command()
@click.argument("event")
@click.argument("tickets", type=click.IntRange(1, MAX_CAPACITY))
@data_option
def sell(event: str, tickets: int, data: Path) -> None:
    """Sell tickets of an event over the counter.

    All that are asked for are sold, or none.
    """
    with to_change(data) as db:
        sale = TRANSACTION_RECEIPT.dump(executed(db, commands.sell(tickets), on=event))
    click.echo(f"Sold {sale['nTickets']} for {sale['total']}: transaction {sale['id']}.")
    click.echo(f"Proof: {event}:{sale['head']}", err=True)

"""`demo`."""

from __future__ import annotations

from pathlib import Path

import click

from ticketing.command.database import data_option, to_change
from ticketing.server import running
from ticketing.server.running import CannotStart
from ticketing.services import demo as story
from ticketing.storage import events
from ticketing.storage.driver.units_of_work import utc_now


@click.command()
@data_option
def demo(data: Path) -> None:
    """Fill an empty calendar with a year of a made-up venue."""
    settings = running.settings_for_trying_out()
    with to_change(data) as db:
        if not events.is_empty(db):
            raise CannotStart(f"There are events in {running.described(data)}: they stay alone.")
        click.echo("A year of events, sales and waiting lists is being made: half a minute.")
        year = story.fill(db, db.client, utc_now(), settings.timezone)
    click.echo(
        f"{year.events} events, {year.bookings:,} bookings and {year.sales:,} counter sales are in "
        f"{running.described(data)}: look at them with make run."
    )

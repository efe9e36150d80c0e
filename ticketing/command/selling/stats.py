"""`stats`."""

from __future__ import annotations

from pathlib import Path

import click

from ticketing.api.schemas import MONTHS
from ticketing.api.schemas.statistics import DEFAULT_MONTHS, MAX_MONTHS
from ticketing.command.database import data_option, to_read
from ticketing.command.terminal import tables
from ticketing.server import running
from ticketing.services import statistics
from ticketing.storage.driver.units_of_work import utc_now

_COLUMNS = {
    "year": "year",
    "month": "month",
    "revenue": "revenue",
    "nEvents": "events",
    "averageTicketsSold": "sold in %",
}


@click.command()
@click.option(
    "--months",
    type=click.IntRange(1, MAX_MONTHS),
    default=DEFAULT_MONTHS,
    help="How many.",
    show_default=True,
)
@click.option("--complete", is_flag=True, help="Begin with the last month that is over.")
@data_option
def stats(months: int, data: Path, *, complete: bool) -> None:
    """Print each month's figures, newest first."""
    today = utc_now().astimezone(running.settings_for_trying_out().timezone).date()
    with to_read(data) as db:
        found = statistics.monthly(db, today, months=months, complete=complete)
    tables.show(MONTHS.dump(found), _COLUMNS)

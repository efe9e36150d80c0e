"""`migrate`."""

from __future__ import annotations

import click

from ticketing.server import running


@click.command()
def migrate() -> None:
    """Bring the database of TICKETING_MONGODB_URI up to date."""
    done = running.prepare(running.load_settings())
    click.echo("\n".join(f"done: {name}" for name in done) or "Nothing to migrate.")

"""`run` and `serve`."""

from __future__ import annotations

from pathlib import Path

import click

from ticketing.command.database import data_option
from ticketing.server import running


@click.command()
@data_option
def run(data: Path) -> int:
    """Serve, with a MongoDB of its own where none is set."""
    return running.run(data)


@click.command()
def serve() -> int:
    """Run gunicorn as in production, on TICKETING_MONGODB_URI."""
    return running.serve()

"""`openapi`."""

from __future__ import annotations

import os

import click

from ticketing import config
from ticketing.app import create_app


@click.command()
def openapi() -> None:
    """Print the OpenAPI document.

    It is the same whatever is set.
    """
    for name in [name for name in os.environ if name.upper().startswith(config.PREFIX)]:
        del os.environ[name]
    os.environ |= {"TICKETING_AUTH": "open", "TICKETING_MONGODB_URI": "mongodb://127.0.0.1/"}
    settings = config.load(env_file=None)
    click.echo(create_app(settings).test_client().get("/openapi.json").text)

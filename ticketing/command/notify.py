"""`notify`."""

from __future__ import annotations

import signal
import threading

import click

from ticketing.server import logs, running
from ticketing.server.running import CannotStart
from ticketing.services.mail import sender
from ticketing.services.mail.messages import Letters
from ticketing.services.mail.smtp import MailServer


@click.command()
def notify() -> None:
    """Send the mail that is due, until it is stopped.

    Workers send as well: this is for a host that sends and does not serve. Any number may run.
    """
    settings = running.load_settings()
    if settings.mail_uri is None:
        raise CannotStart("TICKETING_MAIL_URI is not set: say by which server mail is sent.")
    logs.configure(settings.log_level, settings.log_format)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    letters = Letters(settings.public_url or "", settings.mail_from)
    with running.configured_database(settings) as db:
        click.echo("Sending what is due; Ctrl-C ends it after what is under way.")
        sender.send(db, letters, MailServer(settings.mail_uri), stop)

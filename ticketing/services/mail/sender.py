"""Sends what is in the outbox: at least once, and once where nothing dies at the wrong moment.

A mail is written in the commit of what it is about, so it is there exactly if that has happened.
Who sends one takes it for a while first; if they die, it is due again after that. It is marked as
soon as the server says that it has it. Between these two a crash sends it again, with the
Message-ID that it had, by which mailboxes tell a copy.

Any number of workers send, each what it has taken. A server that is away makes mail late, and loses
none: it is tried again with growing pauses for as long as it takes.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import structlog
from pymongo.errors import PyMongoError

from ticketing.domain.errors import DomainError
from ticketing.services.mail.messages import Letters
from ticketing.services.mail.smtp import MailRefused, MailServer, MailServerAway
from ticketing.storage.background import outbox
from ticketing.storage.background.outbox import Mail
from ticketing.storage.driver.clients import Database

log = structlog.get_logger(__name__)

PAUSE_S = 1.0
# Longer than a conversation with a slow server takes.
LEASE_S = 120.0
# After the first failure, doubled with each, up to the second.
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 60.0


def send(db: Database, letters: Letters, server: MailServer, stop: threading.Event) -> None:
    """Send what is due every now and then until the event is set; end after what is under way."""
    while not stop.wait(random.uniform(0.5, 1.5) * PAUSE_S):
        try:
            send_due(db, letters, server, lambda: not stop.is_set())
        except (PyMongoError, DomainError) as error:
            log.info("mail_not_sent", error=type(error).__name__)


def send_due(
    db: Database,
    letters: Letters,
    server: MailServer,
    goes_on: Callable[[], bool] = lambda: True,
    *,
    lease_s: float = LEASE_S,
) -> None:
    """Send what is due; a server that is away ends it, since the next mail would not get there."""
    while goes_on() and (mail := outbox.take(db, lease_s)) is not None:
        if not _send(db, letters, server, mail, lease_s):
            return


def _send(db: Database, letters: Letters, server: MailServer, mail: Mail, lease_s: float) -> bool:
    until = time.monotonic() + lease_s
    try:
        server.deliver(letters.message(mail), lambda: _finish(db, mail, until))
    except MailServerAway as reason:
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (mail.attempts - 1))
        outbox.delay(db, mail.id, pause_s)
        log.warning("mail_delayed", mail=mail.id, reason=str(reason), seconds=pause_s)
        return False
    except MailRefused as reason:
        outbox.finish(db, mail.id)
        log.error("mail_refused", mail=mail.id, reason=str(reason))
        return True
    log.info("mail_sent", mail=mail.id, kind=mail.kind)
    return True


def _finish(db: Database, mail: Mail, until: float) -> None:
    """Insist on finishing while the mail is ours: else it would be sent again."""
    while True:
        try:
            return outbox.finish(db, mail.id)
        except (PyMongoError, DomainError):
            if time.monotonic() > until:
                raise
            time.sleep(0.5)

"""What runs beside the requests: one list, which one call starts under whatever serves.

Each worker process starts it once, after the fork: nothing that a fork would copy may be there
before. However many workers there are on however many hosts, all of them run all of the list, so
whatever only one should do at a time takes a lease (`ticketing.storage.leases`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from flask import Flask

from ticketing.api.http import context
from ticketing.api.http.context import AppContext
from ticketing.services.accounts.retention import RetentionWorker
from ticketing.services.mail import sender
from ticketing.services.mail.smtp import MailServer
from ticketing.services.verification.nightly import NightlyVerification
from ticketing.services.writes import recovery

log = structlog.get_logger(__name__)

_KEY = "ticketing.background"

# Work that ends by an error is begun again, but not so fast that the log is full of it.
AGAIN_S = 5.0

# No commit takes longer, and the server waits for its threads about as long.
STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Work:
    """Something to be done beside the requests: `run` returns soon after the event is set."""

    name: str
    run: Callable[[AppContext, threading.Event], None]


def _recover(context: AppContext, stop: threading.Event) -> None:
    recovery.RecoveryWorker(context.db, context.commands, context.fitness).run(stop)


def _send_mail(context: AppContext, stop: threading.Event) -> None:
    uri = context.settings.mail_uri
    if uri is None or context.proofs is None:
        stop.wait()
        return
    sender.send(context.db, context.proofs.letters, MailServer(uri), stop)


def _forget(context: AppContext, stop: threading.Event) -> None:
    RetentionWorker(context.db, context.settings.idle_customer_days).run(stop)


def _verify(context: AppContext, stop: threading.Event) -> None:
    settings = context.settings
    if settings.verify_at is None:
        stop.wait()
        return
    NightlyVerification(context.db, settings.verify_at, settings.timezone).run(stop)


WORK: tuple[Work, ...] = (
    Work("recovery", _recover),
    Work("mail", _send_mail),
    Work("retention", _forget),
    Work("verification", _verify),
)


class Background:
    """A thread for each piece of work, from when it is made until it is stopped."""

    def __init__(self, context: AppContext, work: Sequence[Work]) -> None:
        self.process = os.getpid()
        self._context = context
        self._stopping = threading.Event()
        # They end with the process at the latest: whoever kills it need not wait for them.
        self._threads = [
            threading.Thread(target=self._run, args=[piece], name=piece.name, daemon=True)
            for piece in work
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, patience_s: float = STOP_S) -> bool:
        """End after what is under way; return whether everything has ended in time."""
        until = time.monotonic() + patience_s
        self._stopping.set()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, piece: Work) -> None:
        while not self._stopping.is_set():
            try:
                piece.run(self._context, self._stopping)
            except Exception:
                log.exception("crash", route=piece.name)
            self._stopping.wait(AGAIN_S)


def start(app: Flask, work: Sequence[Work] = WORK) -> Background:
    """Start what runs beside the requests of this process; the second call changes nothing."""
    running: Background | None = app.extensions.get(_KEY)
    # A fork copies the entry, and none of its threads.
    if running is None or running.process != os.getpid():
        running = Background(getattr(app, context.KEY), work)
        app.extensions[_KEY] = running
    return running

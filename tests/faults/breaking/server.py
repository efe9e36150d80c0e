"""Faults of gunicorn and its workers; all of them are over when the function returns."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from tests.faults.breaking import Office
from tests.system.client import timed

GRACEFUL_S = 15


def worker_killed(office: Office) -> None:
    for _ in range(4):
        with suppress(IndexError, ProcessLookupError):
            office.server.kill_a_worker()
        time.sleep(1)


def worker_stopped(office: Office) -> None:
    """What it was about to commit comes late, or not at all."""
    with suppress(IndexError, ProcessLookupError):
        pid = office.chance.choice(office.server.workers())
        os.kill(pid, signal.SIGSTOP)
        time.sleep(4)
        os.kill(pid, signal.SIGCONT)


def master_killed(office: Office) -> None:
    office.server.kill()
    office.server.restart()


def terminated(office: Office) -> None:
    code, took_s = timed(office.server.stop)
    office.complain(code == 0, f"SIGTERM: the server ended with {code}")
    office.expect(took_s, GRACEFUL_S + 0.5, "SIGTERM: the server's end")
    office.server.restart()


def reloaded(office: Office) -> None:
    before = office.crowd.refused
    office.server.process.send_signal(signal.SIGHUP)
    time.sleep(3)
    office.complain(office.crowd.refused == before, "HUP: a connection was refused")

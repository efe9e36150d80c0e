"""Faults of gunicorn and its workers; all of them are over when the function returns."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from tests.client import timed
from tests.faults.nemesis import Target

GRACEFUL_S = 15


def worker_killed(target: Target) -> None:
    for _ in range(4):
        with suppress(IndexError, ProcessLookupError):
            target.server.kill_a_worker()
        time.sleep(1)


def worker_stopped(target: Target) -> None:
    """What it was about to commit comes late, or not at all."""
    with suppress(IndexError, ProcessLookupError):
        pid = target.chance.choice(target.server.workers())
        os.kill(pid, signal.SIGSTOP)
        time.sleep(4)
        os.kill(pid, signal.SIGCONT)


def master_killed(target: Target) -> None:
    target.server.kill()
    target.server.restart()


def terminated(target: Target) -> None:
    code, took_s = timed(target.server.stop)
    target.complain(code == 0, f"SIGTERM: the server ended with {code}")
    target.expect(took_s, GRACEFUL_S + 0.5, "SIGTERM: the server's end")
    target.server.restart()


def reloaded(target: Target) -> None:
    before = target.workload.refused
    target.server.process.send_signal(signal.SIGHUP)
    time.sleep(3)
    target.complain(target.workload.refused == before, "HUP: a connection was refused")

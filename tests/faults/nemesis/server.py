"""Faults of gunicorn and its workers; all of them are over when the function returns."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from tests.client import timed
from tests.faults.nemesis import Target
from tests.system.server import Server
from tests.system.waiting import eventually

GRACEFUL_S = 15

# What workers leave locked that no hook frees: `transactionLifetimeLimitSeconds` (5), and until
# MongoDB looks.
LOCKED_S = 8


def worker_killed(target: Target) -> None:
    for _ in range(4):
        with suppress(IndexError, ProcessLookupError):
            target.any_host().kill_a_worker()
        time.sleep(1)


def worker_stopped(target: Target) -> None:
    """What it was about to commit comes late, or not at all."""
    with suppress(IndexError, ProcessLookupError):
        pid = target.chance.choice(target.any_host().workers())
        os.kill(pid, signal.SIGSTOP)
        time.sleep(4)
        os.kill(pid, signal.SIGCONT)


def all_killed(target: Target) -> None:
    for host in target.hosts:
        host.kill()
    start_all(target.hosts)


def host_killed(target: Target) -> None:
    """One host is gone; the others go on without it, once what it had locked is free."""
    gone, since = target.any_host(), time.monotonic()
    gone.kill()
    time.sleep(3)
    others_go_on(target, gone, since)
    gone.restart()


def host_stopped(target: Target) -> None:
    """One host stands still, workers and all; what it was about to commit comes late or never."""
    still, since = target.any_host(), time.monotonic()
    os.killpg(still.process.pid, signal.SIGSTOP)
    time.sleep(4)
    os.killpg(still.process.pid, signal.SIGCONT)
    others_go_on(target, still, since)


def others_go_on(target: Target, without: Server, since: float) -> None:
    """See that each other host changes something, once what that one had locked is free."""
    for host in target.hosts:
        if host is without:
            continue
        changed = eventually(
            partial(target.workload.first_change, since, host.port), "a change at the other host"
        )
        target.expect((changed or since) - since, LOCKED_S, "a change at the other host")


def terminated(target: Target) -> None:
    """All hosts are ended in good order, at once, and started again."""
    with ThreadPoolExecutor(len(target.hosts)) as pool:
        list(pool.map(partial(_terminate, target), target.hosts))
    start_all(target.hosts)


def terminated_in_turn(target: Target) -> None:
    """Each host is ended in good order and started again while the others go on."""
    for host in target.hosts:
        _terminate(target, host)
        host.restart()


def _terminate(target: Target, host: Server) -> None:
    code, took_s = timed(host.stop)
    target.complain(code == 0, f"SIGTERM: the server ended with {code}")
    target.expect(took_s, GRACEFUL_S + 0.5, "SIGTERM: the server's end")


def reloaded(target: Target) -> None:
    before = target.workload.refused
    for host in target.hosts:
        host.process.send_signal(signal.SIGHUP)
    time.sleep(3)
    target.complain(target.workload.refused == before, "HUP: a connection was refused")


def start_all(hosts: Sequence[Server]) -> None:
    """Start servers, all at once, and wait until they are up."""
    with ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(lambda host: host.restart(), hosts))

"""The faults, each as what it does to a running office; all of them are over when it returns."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.faults.cluster import Cluster
from tests.system.client import Client
from tests.system.server import Server


@dataclass
class Office:
    """What there is to break."""

    cluster: Cluster
    server: Server
    chance: random.Random


def worker_killed(office: Office) -> None:
    for _ in range(3):
        office.server.kill_a_worker()
        time.sleep(1)


def worker_stopped(office: Office) -> None:
    pid = office.chance.choice(office.server.workers())
    os.kill(pid, signal.SIGSTOP)
    time.sleep(4)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def master_killed(office: Office) -> None:
    office.server.kill()
    office.server.restart()


def server_terminated(office: Office) -> None:
    office.server.stop()
    office.server.restart()


def server_reloaded(office: Office) -> None:
    office.server.process.send_signal(signal.SIGHUP)
    time.sleep(3)


def primary_killed(office: Office) -> None:
    port = office.cluster.await_primary()
    office.cluster.kill(port)
    office.cluster.await_primary()
    office.cluster.start(port)
    time.sleep(2)


def primary_terminated(office: Office) -> None:
    port = office.cluster.await_primary()
    office.cluster.terminate(port)
    office.cluster.start(port)
    office.cluster.await_primary()


def primary_stopped(office: Office) -> None:
    port = office.cluster.await_primary()
    office.cluster.freeze(port)
    time.sleep(5)
    office.cluster.thaw(port)
    office.cluster.await_primary()


def primary_steps_down(office: Office) -> None:
    office.cluster.step_down()
    office.cluster.await_primary()


def all_nodes_restarted(office: Office) -> None:
    office.cluster.kill_all()
    office.cluster.start_all()
    office.cluster.await_primary()


def mongodb_away(office: Office) -> None:
    """For 15 s; a minute takes a minute and shows the same."""
    office.cluster.kill_all()
    time.sleep(15)
    office.cluster.start_all()
    office.cluster.await_primary()


def clients_cut_off(office: Office) -> None:
    """Clients that send a request and are gone before the answer."""
    for _ in range(100):
        client = Client(office.server.port)
        with suppress(OSError):
            client._connection.request("GET", "/api/v1/events")
        client.close()
        time.sleep(0.02)


FAULTS: dict[str, Callable[[Office], None]] = {
    "worker kill -9, three times": worker_killed,
    "worker SIGSTOP 4 s, SIGCONT": worker_stopped,
    "gunicorn master kill -9, restart": master_killed,
    "gunicorn SIGTERM under load, restart": server_terminated,
    "gunicorn HUP": server_reloaded,
    "primary kill -9": primary_killed,
    "primary SIGTERM": primary_terminated,
    "primary SIGSTOP 5 s, SIGCONT": primary_stopped,
    "primary steps down": primary_steps_down,
    "all MongoDB nodes kill -9, restart": all_nodes_restarted,
    "MongoDB away for 15 s": mongodb_away,
    "clients gone before the answer": clients_cut_off,
}

# About two minutes altogether.
QUICK = ["worker kill -9, three times", "gunicorn SIGTERM under load, restart", "primary kill -9"]

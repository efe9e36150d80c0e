"""Faults of MongoDB; all of them are over when the function returns."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial

from tests.faults.breaking import Office
from tests.faults.disk import filled
from tests.system.client import timed


def primary_killed(office: Office) -> None:
    port = office.cluster.await_healthy()
    office.cluster.kill(port)
    office.cluster.await_primary()
    office.cluster.start(port)
    time.sleep(2)


def primary_terminated(office: Office) -> None:
    port = office.cluster.await_healthy()
    office.cluster.terminate(port)
    office.cluster.start(port)
    office.cluster.await_primary()


def primary_stopped(office: Office) -> None:
    port = office.cluster.await_healthy()
    office.cluster.freeze(port)
    time.sleep(5)
    office.cluster.thaw(port)
    office.cluster.await_primary()


def primary_steps_down(office: Office) -> None:
    office.cluster.await_healthy()
    office.cluster.step_down()
    office.cluster.await_primary()


def secondaries_then_primary_killed(office: Office) -> None:
    """What the primary alone took in its last moments is gone; nobody may have been promised it."""
    cluster = office.cluster
    primary, secondaries = cluster.await_healthy(), cluster.secondaries()
    for port in secondaries:
        cluster.kill(port)
    time.sleep(1)
    cluster.kill(primary)
    for port in secondaries:
        cluster.start(port)
    cluster.await_primary()
    time.sleep(2)
    cluster.start(primary)
    time.sleep(3)


def all_killed(office: Office) -> None:
    office.database.kill_all()
    office.database.start_all()
    office.database.await_primary()


def away(office: Office, seconds: float = 60) -> None:
    """The service says so all the while, in time, and comes back by itself."""
    workers = office.server.workers()
    office.database.kill_all()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        _tells_the_truth(office)
        time.sleep(2)
    office.database.start_all()
    office.database.await_primary()
    office.complain(office.server.workers() == workers, "away: a worker was replaced")


def away_for_a_moment(office: Office) -> None:
    away(office, seconds=5)


def disk_full(office: Office) -> None:
    """The only node's disk is full until the node dies of it; then there is room again."""
    cluster = office.cluster
    port = cluster.await_primary()
    with filled(cluster.folder):
        until = time.monotonic() + 30
        while not cluster.has_ended(port) and time.monotonic() < until:
            time.sleep(0.1)
        office.complain(cluster.has_ended(port), "disk full: MongoDB did not notice")
        time.sleep(2)
    cluster.start_all()
    cluster.await_primary()


def _tells_the_truth(office: Office) -> None:
    client = office.server.client()
    for path, status, bound_s in (("/livez", 200, 2), ("/readyz", 503, 2)):
        with suppress(OSError):
            answer, took_s = timed(partial(client.get, path))
            office.complain(answer.status == status, f"away: {path} told {answer.status}")
            office.expect(took_s, bound_s, f"away: {path}")
    body = {"name": "Gala", "date": "2031-01-01", "capacity": 1, "costPerTicket": 1}
    refusal, took_s = timed(partial(office.server.client().post, "/api/v1/events", body))
    office.complain(refusal.status == 503, f"away: a write was answered with {refusal.status}")
    office.complain("Retry-After" in refusal.headers, "away: a 503 without Retry-After")
    office.expect(took_s, 9.5, "away: a write")

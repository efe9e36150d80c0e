"""Faults of MongoDB; all of them are over when the function returns."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from functools import partial

from tests.client import timed
from tests.faults.nemesis import Target
from tests.faults.world.disk import filled
from tests.system.waiting import eventually

# Ten seconds until the others notice that it is gone, and an election.
DEFAULT_GAP_S = 15


def primary_killed(target: Target) -> None:
    port = target.cluster.await_healthy()
    target.cluster.kill(port)
    target.cluster.await_primary()
    target.cluster.start(port)
    time.sleep(2)


def primary_killed_by_default(target: Target) -> None:
    """By MongoDB's own settings it takes its time until there is another primary."""
    port = target.cluster.await_healthy()
    target.cluster.kill(port)
    killed = time.monotonic()
    target.cluster.await_primary()
    changed = eventually(partial(target.workload.first_change, killed), "a change after it")
    target.expect((changed or killed) - killed, DEFAULT_GAP_S, "the gap without a change")
    target.cluster.start(port)
    time.sleep(2)


def primary_terminated(target: Target) -> None:
    port = target.cluster.await_healthy()
    target.cluster.terminate(port)
    target.cluster.start(port)
    target.cluster.await_primary()


def primary_stopped(target: Target) -> None:
    port = target.cluster.await_healthy()
    target.cluster.freeze(port)
    time.sleep(5)
    target.cluster.thaw(port)
    target.cluster.await_primary()


def primary_steps_down(target: Target) -> None:
    target.cluster.await_healthy()
    target.cluster.step_down()
    target.cluster.await_primary()


def members_change(target: Target) -> None:
    """A node leaves the set and comes back; another becomes primary because it is preferred."""
    cluster = target.cluster
    cluster.await_healthy()
    leaving, preferred = cluster.secondaries()
    cluster.remove(leaving)
    time.sleep(2)
    cluster.add(leaving)
    cluster.await_healthy()
    cluster.prefer(preferred)
    eventually(lambda: cluster.await_primary() == preferred, "the preferred node is primary")
    cluster.prefer(None)


def clock_ahead(target: Target) -> None:
    """All nodes' clocks are a day ahead for a while, as where somebody sets them."""
    clock = target.cluster.clock
    assert clock is not None
    clock.set_ahead(timedelta(hours=25))
    time.sleep(6)
    clock.set_ahead(timedelta())
    time.sleep(2)


def secondaries_then_primary_killed(target: Target) -> None:
    """What the primary alone took in its last moments is gone; nobody may have been promised it."""
    cluster = target.cluster
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


def all_killed(target: Target) -> None:
    target.database.kill_all()
    target.database.start_all()
    target.database.await_primary()


def away(target: Target, seconds: float = 60) -> None:
    """The service says so all the while, in time, and comes back by itself."""
    workers = [host.workers() for host in target.hosts]
    target.database.kill_all()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        _tells_the_truth(target)
        time.sleep(2)
    target.database.start_all()
    target.database.await_primary()
    same = [host.workers() for host in target.hosts] == workers
    target.complain(same, "away: a worker was replaced")


def away_for_a_moment(target: Target) -> None:
    away(target, seconds=5)


def disk_full(target: Target) -> None:
    """The only node's disk is full until the node dies of it; then there is room again."""
    cluster = target.cluster
    port = cluster.await_primary()
    with filled(cluster.folder):
        until = time.monotonic() + 30
        while not cluster.has_ended(port) and time.monotonic() < until:
            time.sleep(0.1)
        target.complain(cluster.has_ended(port), "disk full: MongoDB did not notice")
        time.sleep(2)
    cluster.start_all()
    cluster.await_primary()


def _tells_the_truth(target: Target) -> None:
    host = target.any_host()
    client = host.client()
    for path, status, bound_s in (("/livez", 200, 2), ("/readyz", 503, 2)):
        with suppress(OSError):
            answer, took_s = timed(partial(client.get, path))
            target.complain(answer.status == status, f"away: {path} told {answer.status}")
            target.expect(took_s, bound_s, f"away: {path}")
    body = {"name": "Gala", "date": "2029-01-01", "capacity": 1, "costPerTicket": 1}
    client, staff = host.client(), target.workload.people.staff
    write = partial(client.post, "/api/v1/events", body, Authorization=staff.authorization)
    refusal, took_s = timed(write)
    target.complain(refusal.status == 503, f"away: a write was answered with {refusal.status}")
    target.complain("Retry-After" in refusal.headers, "away: a 503 without Retry-After")
    target.expect(took_s, 9.5, "away: a write")

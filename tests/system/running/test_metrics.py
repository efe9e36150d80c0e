"""All workers of a server count together, and what one has counted outlives it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.system.server import Server
from tests.system.waiting import eventually

SALES = 40


@pytest.fixture
def server(mongodb_uri, fresh_db, tmp_path):
    """A server of the test's own, which has counted nothing yet."""
    kept = {"TMPDIR": str(tmp_path)}
    with Server(mongodb_uri, fresh_db.name, tmp_path / "log", environment=kept) as running:
        yield running


def told(server):
    lines = server.client().get("/metrics").body.decode().splitlines()
    return {
        series: float(value)
        for series, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    }


def sell(server, event, number):
    def sale(_):
        assert server.client().sell(event).status == 201

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sale, range(number)))


def folder_of(server, folder):
    """Where the workers of a server count together."""
    (found,) = folder.glob(f"ticketing-metrics-*-{server.process.pid}-*")
    return found


def sold(server):
    return told(server)['ticketing_changes_total{action="sold"}']


def test_tells_what_all_workers_have_counted(server, tmp_path):
    event = server.client().create(capacity=1000)["id"]
    sell(server, event, SALES)

    # Whichever worker is asked.
    assert {sold(server) for _ in range(10)} == {SALES}
    assert (
        len(
            {file.name.rpartition("_")[2] for file in folder_of(server, tmp_path).glob("counter_*")}
        )
        == 2
    )


def test_loses_nothing_that_a_killed_worker_has_counted(server, tmp_path):
    event = server.client().create(capacity=1000)["id"]
    sell(server, event, SALES)
    before = server.workers()
    server.kill_a_worker()
    eventually(
        lambda: len(server.workers()) == 2 and server.workers() != before, "another has started"
    )

    sell(server, event, 2)

    assert sold(server) == SALES + 2
    assert told(server)["ticketing_commands_in_commit"] == 0
    dead = (set(before) - set(server.workers())).pop()
    eventually(
        lambda: not list(folder_of(server, tmp_path).glob(f"gauge_live*_{dead}.db")), "is forgotten"
    )


def test_leaves_no_folder_behind(server, tmp_path):
    folder = folder_of(server, tmp_path)
    assert folder.stat().st_mode & 0o077 == 0

    assert server.stop() == 0

    assert not folder.exists()


def test_removes_the_folder_of_a_server_that_was_killed(server, tmp_path):
    orphan = folder_of(server, tmp_path)
    server.kill()
    assert orphan.exists()

    server.restart()

    assert not orphan.exists()
    assert folder_of(server, tmp_path).exists()

"""Connections are shared evenly between the workers, and none waits for a worker that is stuck."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.client import Client
from tests.system.waiting import eventually
from ticketing.server.sharing import Shares

_ESTABLISHED = "01"


def connections_of(pid: int, port: int) -> int:
    """Count the established connections to this port that a process has (Linux)."""
    local = f":{port:04X}"
    inodes = {
        fields[9]
        for fields in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[1].endswith(local) and fields[3] == _ESTABLISHED
    }
    found = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found += file.readlink().name.removeprefix("socket:[").rstrip("]") in inodes
    return found


@pytest.fixture
def both_serve(server):
    """The server, once both of its workers take connections."""

    def both_have_some():
        clients = [Client(server.port) for _ in range(8)]
        for client in clients:
            client.get("/livez")
        return all(connections_of(pid, server.port) for pid in server.workers())

    eventually(both_have_some, "both workers take connections")
    return server


def test_a_burst_of_clients_is_shared_evenly(both_serve):
    server = both_serve
    time.sleep(0.2)  # the clients of the fixture are gone, and the workers have noticed
    clients = [Client(server.port) for _ in range(40)]
    with ThreadPoolExecutor(40) as pool:
        assert {a.status for a in pool.map(lambda c: c.get("/livez"), clients)} == {200}

    counts = [connections_of(pid, server.port) for pid in server.workers()]

    assert sum(counts) >= 40
    assert max(counts) - min(counts) <= 6


def test_nobody_waits_for_a_worker_that_is_stuck(both_serve):
    server = both_serve
    stuck = min(server.workers(), key=lambda pid: connections_of(pid, server.port))
    os.kill(stuck, signal.SIGSTOP)
    try:
        for _ in range(20):
            assert Client(server.port).get("/livez").status == 200
    finally:
        os.kill(stuck, signal.SIGCONT)


def test_tells_who_has_more_than_another():
    shares = Shares()
    shares.tell(0, 3)
    assert not shares.is_above_others(0), "nobody else is there"

    shares.tell(1, 2)
    assert shares.is_above_others(0)
    assert not shares.is_above_others(1)

    shares.tell(1, 3)
    assert not shares.is_above_others(0)
    shares.tell(1, 0)
    shares.leave(1)
    assert not shares.is_above_others(0), "who has left takes nothing"


def test_knows_a_worker_that_has_ended_in_good_order_from_one_that_died():
    shares = Shares()
    shares.tell(0, 3)
    assert not shares.has_ended(0), "it is at work, or was killed"

    shares.leave(0)
    assert not shares.has_ended(0), "it takes nothing more, but may have something under way"

    shares.end(0)
    assert shares.has_ended(0)
    shares.tell(1, 1)
    assert not shares.is_above_others(1)

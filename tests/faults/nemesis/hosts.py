"""What two hosts do to each other: they share nothing but MongoDB, so only its fence decides."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

from tests.client import Client
from tests.faults.load.history import Operation, new_operation
from tests.faults.load.workload import API, PAUSE_S, TIMEOUT_S, Workload
from tests.faults.nemesis import Target

# How many sell, or buy, at each host.
BUYERS = 8
SELLING_S = 3

# So many wait before the capacity rises, and so many clients join them.
WAITING = 4000
_JOINING = 32
_TICKETS = 10

# How often the capacity rises by one, and how long that may take, however long the list is.
RISES = 5
TURN_S = 2
_PATIENCE_S = 25


def sell_one_event(target: Target) -> None:
    """All hosts sell tickets of one event, nothing else goes on, and each gets some of it."""
    workload = target.workload
    event = workload.open_event(100_000, 5)

    def sale() -> Operation:
        body = {"event": event, "nTickets": 1}
        return new_operation("POST", f"{API}/transactions", body, workload.people.staff)

    with busy(workload, [host.port for host in target.hosts], sale):
        time.sleep(SELLING_S)
    sold = Counter(
        request.port
        for request in workload.requests
        if request.kind == "sell" and request.is_granted
    )
    for host in target.hosts:
        target.complain(sold[host.port], f"{host.port} sold nothing, the others {dict(sold)}")


def long_list(target: Target) -> None:
    """Raise the capacity at one host, and call the event off, while others join at the other.

    Thousands wait already. Each of these gets its turn, however long its decision takes.
    """
    workload, (managing, selling, *_) = target.workload, target.hosts
    event = workload.open_event(_TICKETS, 5)
    people = count()

    def joining() -> Operation:
        name = f"Waiter {next(people)}"
        body = {"customer": name, "nTickets": 1, "waitlist": True}
        return new_operation(
            "POST", f"{API}/events/{event}/bookings", body, workload.people.staff, name
        )

    _join(workload, joining)
    client = workload.connect_to(managing.port)
    with busy(workload, [selling.port], joining):
        time.sleep(1)
        for rise in range(1, RISES + 1):
            body: dict[str, object] = {"capacity": _TICKETS + rise}
            _insist(target, client, "PATCH", f"{API}/events/{event}", body)
        if _insist(target, client, "POST", f"{API}/events/{event}/cancellation", None).granted:
            _await_end(target, client, event)


def _insist(
    target: Target, client: Client, method: str, path: str, body: dict[str, object] | None
) -> Operation:
    """Ask until it is done; a 503 is a complaint, since nothing is broken."""
    workload = target.workload
    operation = new_operation(method, path, body, workload.people.staff)
    workload.fulfil(client, operation, _PATIENCE_S)
    unavailable = operation.told.count(503)
    target.complain(
        not unavailable, f"a long list: {operation.asks_for} was told 503 {unavailable} times"
    )
    if operation.answer is not None:
        took_s = operation.ended - operation.began
        target.expect(took_s, TURN_S, f"a long list: {operation.asks_for}")
    return operation


def _await_end(target: Target, client: Client, event: str) -> None:
    """Wait until every booking of the event that was called off has been ended."""
    until = time.monotonic() + TIMEOUT_S * 5
    while time.monotonic() < until:
        answer = target.workload.read(
            client, "cancellation", f"{API}/events/{event}/cancellation?limit=1"
        )
        if answer.status == 200 and not answer.json["finishing"]:
            return
        time.sleep(PAUSE_S)
    target.complain(False, "a long list: it is still being called off")


def _join(workload: Workload, joining: Callable[[], Operation]) -> None:
    """Let so many book that all tickets are gone and the list is long."""

    def some(_: int) -> None:
        client = workload.connect()
        for _ in range((WAITING + _TICKETS) // _JOINING):
            client = workload.fulfil(client, joining())
        client.close()

    with ThreadPoolExecutor(_JOINING) as pool:
        list(pool.map(some, range(_JOINING)))


@contextmanager
def busy(workload: Workload, ports: Sequence[int], new: Callable[[], Operation]) -> Iterator[None]:
    """Have clients ask these hosts one thing after the other meanwhile."""
    stop = threading.Event()

    def ask(port: int) -> None:
        client = workload.connect_to(port)
        while not stop.is_set():
            client = workload.fulfil(client, new())
        client.close()

    threads = [threading.Thread(target=ask, args=(port,)) for port in ports for _ in range(BUYERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()

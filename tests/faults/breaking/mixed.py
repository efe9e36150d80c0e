"""Several things break at once, at random."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.faults.breaking import Office, clients, database, server

SECONDS = 30

_AT_ONCE: Sequence[Sequence[Callable[[Office], None]]] = (
    (server.worker_killed, server.worker_stopped, server.master_killed, server.terminated),
    (
        database.primary_killed,
        database.primary_terminated,
        database.primary_stopped,
        database.primary_steps_down,
        database.secondaries_then_primary_killed,
        database.all_killed,
    ),
    (clients.cut_off, clients.gone_before_the_answer),
)


def everything(office: Office) -> None:
    """The server, MongoDB and the clients each break again and again, in no order, for a while."""
    until = time.monotonic() + SECONDS
    # Each part has chances of its own, or the threads' turns would decide what the seed means.
    chances = [random.Random(office.chance.random()) for _ in _AT_ONCE]

    def go_on(faults: Sequence[Callable[[Office], None]], chance: random.Random) -> None:
        while time.monotonic() < until:
            chance.choice(faults)(office)
            time.sleep(chance.uniform(0, 2))

    with ThreadPoolExecutor(len(_AT_ONCE)) as pool:
        for future in [pool.submit(go_on, *part) for part in zip(_AT_ONCE, chances, strict=True)]:
            future.result()

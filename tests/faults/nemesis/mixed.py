"""Several things break at once, at random."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.faults.nemesis import Target, clients, database, server

SECONDS = 30

Faults = Sequence[Callable[[Target], None]]

_OF_THE_SERVER: Faults = (
    server.worker_killed,
    server.worker_stopped,
    server.all_killed,
    server.host_killed,
    server.host_stopped,
    server.terminated,
)
_OF_CLIENTS: Faults = (clients.cut_off, clients.gone_before_the_answer)
_OF_MONGODB: Faults = (
    database.primary_killed,
    database.primary_terminated,
    database.primary_stopped,
    database.primary_steps_down,
    database.secondaries_then_primary_killed,
    database.all_killed,
)


def everything(target: Target) -> None:
    """The server, MongoDB and the clients each break again and again, in no order, for a while."""
    until = time.monotonic() + SECONDS

    def go_on(faults: Faults, seed: float) -> None:
        # Each part has chances of its own, or the threads' turns would decide what the seed means.
        chance = random.Random(seed)
        part = replace(target, chance=random.Random(seed + 1))
        while time.monotonic() < until:
            chance.choice(faults)(part)
            time.sleep(chance.uniform(0, 2))

    seeds = [target.chance.random() for _ in range(3)]
    with ThreadPoolExecutor(2) as pool:
        others = [pool.submit(go_on, _OF_THE_SERVER, seeds[0])]
        others.append(pool.submit(go_on, _OF_CLIENTS, seeds[1]))
        # In this thread: what a thread has started, the kernel ends with it (`die_with_parent`).
        go_on(_OF_MONGODB, seeds[2])
        for other in others:
            other.result()

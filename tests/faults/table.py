"""The faults, and within what time each has to be over for a client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.faults.mutants.builds import CLOCKS, Change
from tests.faults.nemesis import (
    Target,
    clients,
    cut_hosts,
    database,
    hosts,
    mixed,
    network,
    nothing,
    server,
    slow,
)

World = Literal[
    "three nodes", "three nodes by default", "three networks", "three networks by default",
    "a network for each host", "slow networks", "a slow network for each host",
    "three nodes and a clock", "embedded node", "small disk",
]  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What is done to the office, on which MongoDB, with which build of the service.

    `bound_s` is what the longest single request may take, and `workers` how many each host has.
    Where it is not `busy` nobody asks but whoever breaks something. Some need `two_hosts`.
    """

    breaks: Callable[[Target], None]
    bound_s: float
    world: World = "three nodes"
    build: Sequence[Change] = ()
    workers: Sequence[int] = (2, 2)
    busy: bool = True
    two_hosts: bool = False


# With so many workers those of the first host commit for each other.
COMBINING = (4, 2)

CALM = Fault(nothing, 3)

FAULTS: dict[str, Fault] = {
    "worker kill -9 every second": Fault(server.worker_killed, 3, workers=COMBINING),
    "worker SIGSTOP 4 s, SIGCONT": Fault(server.worker_stopped, 5.5, workers=COMBINING),
    "gunicorn master kill -9, restart": Fault(server.all_killed, 8),
    "one of two hosts kill -9, restart": Fault(server.host_killed, 8, two_hosts=True),
    "one of two hosts SIGSTOP 4 s, SIGCONT": Fault(server.host_stopped, 5.5, two_hosts=True),
    "two hosts sell one event": Fault(
        hosts.sell_one_event, 3, workers=(1, 1), busy=False, two_hosts=True
    ),
    "two hosts, a long waiting list": Fault(
        hosts.long_list, 3, workers=(1, 1), busy=False, two_hosts=True
    ),
    "gunicorn SIGTERM under load, restart": Fault(server.terminated, 3),
    "gunicorn SIGTERM, one of two hosts after the other": Fault(
        server.terminated_in_turn, 3, two_hosts=True
    ),
    "gunicorn HUP": Fault(server.reloaded, 5.5),
    "primary kill -9": Fault(database.primary_killed, 3.5),
    "primary kill -9, MongoDB's own elections": Fault(
        database.primary_killed_by_default, 9.5, world="three nodes by default"
    ),
    "primary SIGTERM": Fault(database.primary_terminated, 2),
    "primary SIGSTOP 5 s, SIGCONT": Fault(database.primary_stopped, 7.5),
    "primary steps down": Fault(database.primary_steps_down, 2),
    "members leave, come back and are preferred": Fault(database.members_change, 9.5),
    "MongoDB's clock a day ahead for 6 s": Fault(
        database.clock_ahead, 3.5, world="three nodes and a clock"
    ),
    "both secondaries, then the primary, kill -9": Fault(
        database.secondaries_then_primary_killed, 9.5
    ),
    "primary cut from its peers": Fault(network.from_its_peers, 9.5, world="three networks"),
    "primary cut from its peers, MongoDB's own elections": Fault(
        network.from_its_peers_by_default, 9.5, world="three networks by default"
    ),
    "primary cut from the application": Fault(
        network.from_the_application, 9.5, world="three networks"
    ),
    "primary cut from everybody": Fault(network.from_everybody, 9.5, world="three networks"),
    "primary cut from its peers, now and then": Fault(
        network.cut_now_and_then, 9.5, world="three networks"
    ),
    "primary not heard by its peers": Fault(
        network.unheard_by_its_peers, 9.5, world="three networks"
    ),
    "primary does not hear its peers": Fault(
        network.deaf_to_its_peers, 9.5, world="three networks"
    ),
    "primary not heard by the application": Fault(
        network.unheard_by_the_application, 9.5, world="three networks"
    ),
    "primary does not hear the application": Fault(
        network.deaf_to_the_application, 9.5, world="three networks"
    ),
    "one of two hosts cut from MongoDB": Fault(
        cut_hosts.from_mongodb, 9.5, world="a network for each host", two_hosts=True
    ),
    "one of two hosts cut from the primary": Fault(
        cut_hosts.from_the_primary, 9.5, world="a network for each host", two_hosts=True
    ),
    "one of two hosts does not hear MongoDB": Fault(
        cut_hosts.deaf_to_mongodb, 9.5, world="a network for each host", two_hosts=True
    ),
    "application 100 ms from the primary": Fault(
        slow.application_far_away, 9.5, world="slow networks"
    ),
    "application to primary, uneven and lossy": Fault(
        slow.application_uneven, 9.5, world="slow networks"
    ),
    "primary 100 ms from its peers": Fault(slow.peers_far_away, 9.5, world="slow networks"),
    "primary to its peers, uneven and lossy": Fault(slow.peers_uneven, 9.5, world="slow networks"),
    "one of two hosts 100 ms from MongoDB": Fault(
        slow.one_host_far_away, 9.5, world="a slow network for each host", two_hosts=True
    ),
    "all MongoDB nodes kill -9, restart": Fault(database.all_killed, 8),
    "the embedded single node kill -9, restart": Fault(
        database.all_killed, 8, world="embedded node"
    ),
    "disk full": Fault(database.disk_full, 9.5, world="small disk"),
    "MongoDB away for 5 s": Fault(database.away_for_a_moment, 9.5),
    "MongoDB away for 60 s": Fault(database.away, 9.5),
    "clients give up after 50 ms and ask again": Fault(clients.cut_off, 3),
    "clients gone before the answer": Fault(clients.gone_before_the_answer, 3),
    "one key 50 times at once": Fault(clients.same_key_at_once, 3),
    "clocks of the workers a day off": Fault(server.worker_killed, 3, build=CLOCKS),
    "everything at once, at random": Fault(mixed.everything, 12, workers=COMBINING),
}

# About three minutes altogether.
QUICK = [
    "worker kill -9 every second",
    "gunicorn SIGTERM under load, restart",
    "one of two hosts kill -9, restart",
    "two hosts sell one event",
    "primary kill -9",
    "both secondaries, then the primary, kill -9",
    "the embedded single node kill -9, restart",
    "MongoDB away for 5 s",
    "clients give up after 50 ms and ask again",
    "one key 50 times at once",
]

# The fault that a mutant has to be noticed under, in `tests.faults.mutants`; no other needs any.
REVEALED_BY = {
    "no transaction": "worker kill -9 every second",
    "answers before the commit": "worker kill -9 every second",
    "w:1": "both secondaries, then the primary, kill -9",
    "reads what no majority has": "primary cut from its peers",
    "no idempotency": "clients give up after 50 ms and ask again",
    "keys by MongoDB's clock": "MongoDB's clock a day ahead for 6 s",
    "who was defeated begins again as before": "two hosts, a long waiting list",
}

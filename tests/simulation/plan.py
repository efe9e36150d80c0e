"""What one seed is about: who takes part, how patient they are, and what goes wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Host:
    """Where processes run that share a folder; `distance` is how far MongoDB is away."""

    name: str
    processes: int
    distance: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn from a seed before anything happens. Times are in seconds.

    `eagerness` is how often a thread gives way where it might, `crowding` which part of the
    requests goes to one process, `favours` what is asked for more often than anything else,
    `by_themselves` how much of it by customers. `defeats` is how often each commit is lost before
    it comes through. `lost` and `unknown` are the parts of messages that are lost,
    and of commits whose outcome is not told. `deaths`, `elections` and `outages` are moments, the
    last two with how long they take; with `dies_resuming` processes die that resume what remains.
    `haste` is which part of the clients gives up early. Where it `combines`, the processes of a
    host commit for each other.
    """

    seed: int
    hosts: Sequence[Host]
    crowding: float = 0.3
    favours: str = ""
    by_themselves: float = 0.3
    capacity: int = 6
    clients: int = 5
    operations: int = 4
    eagerness: float = 0.2
    group_size: int = 128
    most_per_commit: int = 1_000
    wait_s: float = 4.0
    commit_s: float = 8.0
    request_s: float = 9.0
    turn_patience_s: float = 1.0
    lock_patience_s: float = 0.25
    pause_s: float = 2.0
    defeats: int = 0
    lost: float = 0.0
    twice: float = 0.0
    unknown: float = 0.0
    haste: float = 0.0
    without_key: float = 0.1
    deaths: Sequence[float] = ()
    elections: Sequence[tuple[float, float]] = ()
    outages: Sequence[tuple[float, float]] = ()
    clock_is_off: bool = False
    spoilt: bool = False
    calls_off: bool = False
    dies_resuming: bool = False
    recovers: bool = True
    combines: bool = False

    @property
    def is_calm(self) -> bool:
        """Whether nothing is broken and everybody is as patient as in an office that serves."""
        is_broken = (
            self.defeats or self.lost or self.unknown or self.haste or self.spoilt
            or self.deaths or self.dies_resuming or self.elections or self.outages
        )  # fmt: skip
        patience = self.wait_s, self.commit_s, self.turn_patience_s, self.lock_patience_s
        return not is_broken and min(patience) > 0.2


def plan_of(seed: int) -> Plan:
    """Draw a plan: a quarter is calm, the others have some of what can go wrong."""
    chance = random.Random(f"plan {seed}")

    hosts = [
        Host(f"host{number}", chance.choice([1, 1, 2, 4]), chance.choice([1.0, 1.0, 1.0, 15.0]))
        for number in range(chance.choice([1, 2, 2, 3]))
    ]
    plan = Plan(
        seed,
        hosts,
        favours=chance.choice(["", "", "moves", "waiting"]),
        crowding=chance.choice([0.0, 0.5, 0.9]),
        clients=chance.randint(3, 8),
        operations=chance.randint(2, 5),
        eagerness=chance.choice([0.02, 0.1, 0.3, 0.7]),
        group_size=chance.choice([1, 2, 3, 128]),
        most_per_commit=chance.choice([1, 2, 1_000]),
        twice=chance.choice([0.0, 0.0, 0.2]),
        clock_is_off=_is_so(chance, 0.2),
        calls_off=_is_so(chance, 0.2),
        without_key=chance.choice([0.1, 0.1, 0.6]),
        combines=_is_so(chance, 0.6),
    )
    return plan if _is_so(chance, 0.25) else replace(plan, **_troubles(chance, plan))


# What makes workers that combine go ahead without each other, or ask in vain.
_IMPATIENCE: Sequence[dict[str, Any]] = (
    {},
    {"lock_patience_s": 0.02},
    {"lock_patience_s": 0.0, "lost": 0.02},
    {"unknown": 0.2, "most_per_commit": 2, "group_size": 3, "wait_s": 0.03},
    {"eagerness": 0.7, "commit_s": 0.4, "request_s": 0.5},
)


def combining(seed: int) -> Plan:
    """Draw a plan in which the workers of one host commit for each other, and die now and then."""
    chance = random.Random(f"combining {seed}")
    return Plan(
        seed,
        [Host("host0", 4, 1.0)],
        crowding=0.0,
        clients=8,
        operations=6,
        without_key=0.5,
        deaths=[chance.uniform(0, 0.3) for _ in range(seed % 3)],
        combines=True,
        **chance.choice(_IMPATIENCE),
    )


def _is_so(chance: random.Random, part: float) -> bool:
    return chance.random() < part


def _troubles(chance: random.Random, plan: Plan) -> dict[str, Any]:
    """Draw what goes wrong, and for whom time is short."""
    values: dict[str, Any] = {
        "wait_s": chance.choice([0.0, 0.005, 0.05, 4.0, 4.0]),
        "commit_s": chance.choice([0.15, 0.4, 8.0, 8.0]),
        "request_s": chance.choice([0.2, 0.5, 9.0, 9.0]),
        "turn_patience_s": chance.choice([0.0, 0.02, 1.0, 1.0]),
        "lock_patience_s": chance.choice([0.0, 0.25, 0.25]),
        "defeats": chance.choice([0, 0, 0, 1, 2]),
        "lost": chance.choice([0.0, 0.0, 0.01, 0.05]),
        "unknown": chance.choice([0.0, 0.0, 0.1, 0.4]),
        "haste": chance.choice([0.0, 0.0, 0.3]),
        "spoilt": _is_so(chance, 0.15),
        "dies_resuming": _is_so(chance, 0.4),
    }
    if _is_so(chance, 0.5):
        values["deaths"] = [chance.uniform(0, 0.3) for _ in range(chance.randint(1, 3))]
    if _is_so(chance, 0.3):
        values["elections"] = [(chance.uniform(0, 0.3), chance.uniform(0.01, 0.5))]
    if _is_so(chance, 0.15):
        values["outages"] = [(chance.uniform(0, 0.3), chance.uniform(0.05, 3.0))]
    if min(values["commit_s"], values["request_s"]) < 1:
        # Nobody who is far away could do anything in so little time.
        values["hosts"] = [replace(host, distance=1.0) for host in plan.hosts]
    if values["spoilt"]:
        # What can't be read has to have neighbours.
        values |= {"crowding": 0.95, "clients": 8, "group_size": 128}
    return values

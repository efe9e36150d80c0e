"""Whatever the network loses and wherever a worker crashes: once, in order, and never too many."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import cache

import pytest

from tests.domain.simulator import ACCOUNTS, MOST, Simulation
from tests.faults.history import Operation
from tests.faults.judging.replay import Replay
from tests.faults.judging.timeline import Timeline, disorder
from ticketing.domain.commands.bookings import Book, Resize
from ticketing.domain.commands.sales import Sell
from ticketing.domain.commands.transfers import Accept, Offer, Transfer

SEEDS = range(300)
ACCOUNT_IDS = {account.id for account in ACCOUNTS}
GRANTED = b"BookingResult(", b"Booking(", b"EventResult(", b"TransferOffer("
CHANGING = Sell | Book | Transfer | Resize | Offer | Accept


def simulated(seed: int, **known: bool) -> Simulation:
    simulation = Simulation(seed, **known)
    simulation.run()
    return simulation


# Two tests look at the same ones, and change nothing.
of_seed = cache(simulated)


@pytest.mark.parametrize("seed", SEEDS)
def test_does_each_wish_once_and_in_order(seed):
    simulation = of_seed(seed)

    simulation.world.check()
    effects = simulation.effects()
    assert max(effects.values()) == 1
    for operation in simulation.operations.values():
        assert operation.answers, "no answer"
        assert len(set(operation.answers)) == 1, "two answers to one key"
        granted = operation.answers[0].startswith(GRANTED)
        assert granted or not effects[operation.key], "refused, and done all the same"
        if granted and isinstance(operation.command, CHANGING):
            assert effects[operation.key] == 1, "granted, and not there"

    timeline = Timeline(asdict(entry) for entry in simulation.world.trail)
    assert timeline.oversold == []
    assert timeline.overtaken == []
    operations = {
        key: Operation(key, "POST", "/", None, operation.began, operation.ended)
        for key, operation in simulation.operations.items()
    }
    assert list(disorder(timeline, operations, [])) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_lets_nobody_have_more_than_they_may_and_takes_a_code_once(seed):
    simulation = of_seed(seed)
    replay = replayed(simulation)

    assert replay.twice == []
    for number, entry in enumerate(replay.entries[1:], 1):
        if entry["actor"] in ACCOUNT_IDS and entry["action"] in ("booked", "waitlisted", "added"):
            assert replay.acquired_by(entry["customer"], number) <= MOST
        command = simulation.operations[entry["request_id"]].command if number > 1 else None
        if entry["action"] == "transferred" and isinstance(command, Accept):
            before = replay.at(entry["booking"], number - 1)
            assert before is not None
            assert before.offer == simulation.codes[command.code]


def replayed(simulation: Simulation) -> Replay:
    """Return the trail, replayed by the harness's own model."""
    entries = (asdict(entry) for entry in simulation.world.trail)
    return Replay(
        {**entry, "customer": entry["customer"] and entry["customer"]["id"]} for entry in entries
    )


def test_the_seeds_meet_what_they_are_there_for():
    simulations = [of_seed(seed) for seed in SEEDS]

    assert sum(simulation.crashes for simulation in simulations) > 1000
    assert sum(simulation.conflicts for simulation in simulations) > 500
    actions = {entry.action for s in simulations for entry in s.world.trail}
    assert actions >= {"sold", "booked", "waitlisted", "assigned", "cancelled", "reduced",
                       "transferred", "changed", "added", "offered", "withdrawn"}  # fmt: skip
    codes = Counter(
        operation.answers[0].partition(b"(")[0].decode()
        for s in simulations
        for operation in s.operations.values()
        if operation.answers
    )
    assert codes["LimitReached"] > 20
    assert codes["OfferGone"] > 50


def test_the_same_seed_gives_the_same_run():
    assert simulated(7).world.trail == simulated(7).world.trail


def test_without_the_records_something_happens_twice():
    assert any(max(simulated(seed, keeps=False).effects().values()) > 1 for seed in range(10))

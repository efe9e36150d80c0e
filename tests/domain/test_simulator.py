"""Whatever the network loses and wherever a worker crashes: once, in order, and never too many."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from itertools import pairwise
from types import SimpleNamespace

import pytest

from tests.domain import simulator
from tests.domain.simulator import ACCOUNTS, MOST, Simulation
from tests.domain.world import World
from tests.faults.history import Operation
from tests.faults.judging.moves import halves
from tests.faults.judging.replay import Replay
from tests.faults.judging.timeline import Timeline, disorder
from ticketing.domain.audit import AuditEntry
from ticketing.domain.changes.chain import Head
from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.commands import moves as rules
from ticketing.domain.commands.bookings import Book, Resize
from ticketing.domain.commands.moves import Leave
from ticketing.domain.commands.sales import Sell
from ticketing.domain.commands.transfers import Accept, Offer, Transfer
from ticketing.services.writes.moves import decide_move

SEEDS = range(300)
ACCOUNT_IDS = {account.id for account in ACCOUNTS}
GRANTED = b"BookingResult(", b"Booking(", b"EventResult(", b"TransferOffer("
CHANGING = Sell | Book | Transfer | Resize | Offer | Accept | Leave
ACQUIRING = "booked", "waitlisted", "added"
HEAD = re.compile(r"head=Head\(sequence=(\d+), hash='([0-9a-f]{64})'\)")


def simulated(seed: int, **known: bool) -> Simulation:
    simulation = Simulation(seed, **known)
    simulation.run()
    return simulation


# Three tests look at the same ones, and change nothing.
of_seed = cache(simulated)


@pytest.mark.parametrize("seed", SEEDS)
def test_does_each_wish_once_and_in_order(seed):
    require_order(of_seed(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_lets_nobody_have_more_than_they_may_and_takes_a_code_once(seed):
    require_limits(of_seed(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_move_is_one_change_of_two_events(seed):
    require_whole_moves(of_seed(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_with_the_head_after_each_ones_own_change(seed):
    require_heads(of_seed(seed))


def test_notices_one_head_for_all_of_a_batch(monkeypatch):
    def head_of_first(change_set):
        first = change_set.entries[0] if change_set.entries else None
        return Head(first.sequence, first.hash) if first else change_set.event.head

    monkeypatch.setattr(ChangeSet, "chain_head", property(head_of_first))

    def agrees(seed):
        try:
            require_heads(simulated(seed))
        except AssertionError:
            return False
        return True

    assert not all(map(agrees, SEEDS))


def require_heads(simulation: Simulation) -> None:
    """Require that who was granted something was told the head after it, as the trail has it."""
    effects = simulation.effects()
    for operation in simulation.operations.values():
        found = HEAD.search(operation.answers[0].decode())
        if found is None:
            continue
        head = Head(int(found[1]), found[2])
        heads = {
            Head(entry.sequence, entry.hash): (entry, following)
            for world in simulation.worlds.values()
            for entry, following in pairwise([*world.trail, None])
        }
        assert head in heads
        if effects[operation.key]:
            entry, following = heads[head]
            assert entry.request_id == operation.key
            assert following is None or following.request_id != operation.key


def require_order(simulation: Simulation) -> None:
    """Require that whatever was answered is there once, and nothing else, in both events."""
    effects = simulation.effects()
    assert max(effects.values()) == 1
    for operation in simulation.operations.values():
        assert operation.answers, "no answer"
        assert len(set(operation.answers)) == 1, "two answers to one key"
        granted = operation.answers[0].startswith(GRANTED)
        assert granted or not effects[operation.key], "refused, and done all the same"
        if granted and isinstance(operation.command, CHANGING):
            assert effects[operation.key] == 1, "granted, and not there"

    assert simulation.unserved == []
    operations = {
        key: Operation(key, "POST", "/", None, operation.began, operation.ended)
        for key, operation in simulation.operations.items()
    }
    for world in simulation.worlds.values():
        world.check()
        timeline = Timeline(asdict(entry) for entry in world.trail)
        assert timeline.oversold == []
        assert timeline.overtaken == []
        assert list(disorder(timeline, operations, [])) == []


def require_limits(simulation: Simulation) -> None:
    """Require that nobody holds two bookings of an event, or acquires too much of it."""
    for world in simulation.worlds.values():
        replay = replayed(world)
        assert replay.twice == []
        for number, entry in enumerate(replay.entries[1:], 1):
            if entry["actor"] in ACCOUNT_IDS and entry["action"] in ACQUIRING:
                assert replay.acquired_by(entry["customer"], number) <= MOST
            command = simulation.operations[entry["request_id"]].command if number > 1 else None
            if entry["action"] == "transferred" and isinstance(command, Accept):
                before = replay.at(entry["booking"], number - 1)
                assert before is not None
                assert before.offer == simulation.codes[command.code]


def require_whole_moves(simulation: Simulation) -> None:
    """Require that both trails tell of each move alike, and what it costs where it arrives."""
    replays = {id_: replayed(world) for id_, world in simulation.worlds.items()}
    court = SimpleNamespace(made=defaultdict(list), pasts={})
    for event, replay in replays.items():
        court.pasts[event] = SimpleNamespace(replay=replay)
        for number, entry in enumerate(replay.entries[1:], 1):
            court.made[entry["request_id"]].append((event, number))
            if entry["action"] == "moved_in":
                assert entry["total"] == entry["tickets"] * replay.prices[number]
    assert list(halves(court)) == []
    for event, world in simulation.worlds.items():
        assert {booking.event for booking in world.bookings.values()} <= {event}


def replayed(world: World) -> Replay:
    """Return the trail, replayed by the harness's own model."""
    return Replay(
        {
            **asdict(entry),
            "customer": entry.customer and entry.customer.id,
            "changes": {name: list(pair) for name, pair in entry.changes.items()},
        }
        for entry in world.trail
    )


def test_the_seeds_meet_what_they_are_there_for():
    simulations = [of_seed(seed) for seed in SEEDS]

    assert sum(simulation.crashes for simulation in simulations) > 1000
    assert sum(simulation.conflicts for simulation in simulations) > 500
    actions = {entry.action for s in simulations for w in s.worlds.values() for entry in w.trail}
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
    assert sum(moves(simulation) for simulation in simulations) > 300
    assert sum(followed(simulation, "assigned") for simulation in simulations) > 10


def test_the_same_seed_gives_the_same_run():
    one, again = ([world.trail for world in simulated(7).worlds.values()] for _ in range(2))
    assert one == again


def test_without_the_records_something_happens_twice():
    assert any(max(simulated(seed, keeps=False).effects().values()) > 1 for seed in range(10))


def entries_of(simulation: Simulation, action: str) -> list[AuditEntry]:
    trails = [world.trail for world in simulation.worlds.values()]
    return [entry for trail in trails for entry in trail if entry.action == action]


def moves(simulation: Simulation) -> int:
    """Count the moves."""
    return len(entries_of(simulation, "moved_out"))


def followed(simulation: Simulation, action: str) -> int:
    """Count the changes of a kind that followed from a move, in its commit."""
    moved = {entry.request_id for entry in entries_of(simulation, "moved_out")}
    return len([e for e in entries_of(simulation, action) if e.request_id in moved])


# Moves with something wrong, each of which has to be noticed.


def leaves_without_serving(monkeypatch):
    monkeypatch.setattr(rules, "serve", lambda change_set, caller: ())


def keeps_its_tickets_there_too(monkeypatch):
    monkeypatch.setattr(
        ChangeSet, "record_departure", _departing(lambda booking: (booking, booking))
    )


def takes_one_ticket_along(monkeypatch):
    def fewer(booking):
        return replace(booking, tickets=booking.tickets - 1), None

    monkeypatch.setattr(ChangeSet, "record_departure", _departing(fewer))


def _departing(sides):
    """Count the booking from one of these to the other."""

    def depart(change_set, caller, booking):
        change_set._count(caller, "moved_out", *sides(booking), {})
        del change_set._bookings[booking.id]

    return depart


def arrives_where_nothing_is_free(monkeypatch):
    monkeypatch.setattr(rules, "require_free", lambda event, tickets: None)


def arrives_beside_another_of_the_same_customer(monkeypatch):
    monkeypatch.setattr(rules, "require_no_booking", lambda change_set, customer: None)


def arrives_with(monkeypatch, **wrong):
    """Have what arrives differ from what should."""
    real = ChangeSet.record_arrival

    def record(change_set, caller, before, after):
        values = {name: value(before) for name, value in wrong.items()}
        return real(change_set, caller, before, replace(after, **values))

    monkeypatch.setattr(ChangeSet, "record_arrival", record)


def costs_what_it_did(monkeypatch):
    arrives_with(monkeypatch, total=lambda before: before.total)


def counts_for_who_passed_it_on(monkeypatch):
    arrives_with(monkeypatch, shares=lambda before: before.shares)


def counts_for_nobody(monkeypatch):
    arrived = set()
    record = ChangeSet.record_arrival

    def note(change_set, caller, before, after):
        arrived.add(after.id)
        return record(change_set, caller, before, after)

    def count(change_set, customer):
        held = change_set.active_bookings()
        return sum(b.acquired_by(customer) for b in held if b.id not in arrived)

    monkeypatch.setattr(ChangeSet, "record_arrival", note)
    monkeypatch.setattr(ChangeSet, "acquired_by", count)


def brings_its_offer_along(monkeypatch):
    arrives_with(monkeypatch, offer=lambda b: b.offer, offer_until=lambda b: b.offer_until)


def writes_one_half(monkeypatch):
    def decide(*args):
        outcome, decisions = decide_move(*args)
        return outcome, decisions[:1]

    monkeypatch.setattr(simulator, "decide_move", decide)


@pytest.mark.parametrize(
    "breaks",
    [
        leaves_without_serving,
        keeps_its_tickets_there_too,
        takes_one_ticket_along,
        arrives_where_nothing_is_free,
        arrives_beside_another_of_the_same_customer,
        costs_what_it_did,
        counts_for_who_passed_it_on,
        counts_for_nobody,
        brings_its_offer_along,
        writes_one_half,
    ],
)
def test_notices_a_move_that(breaks):
    assert any(is_noticed(seed, breaks) for seed in SEEDS)


def is_noticed(seed: int, breaks: Callable[[pytest.MonkeyPatch], None]) -> bool:
    with pytest.MonkeyPatch.context() as monkeypatch:
        breaks(monkeypatch)
        try:
            simulation = simulated(seed)
            require_order(simulation)
            require_limits(simulation)
            require_whole_moves(simulation)
        except AssertionError:
            return True
    return False

"""Whatever is lost, dies or takes too long: once, in order, never too many, and to an end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.simulation.__main__ import told
from tests.simulation.judges import JUDGES, verdict
from tests.simulation.mutants import MUTANTS, Drawn, Mutant
from tests.simulation.plan import combining, plan_of
from tests.simulation.simulation import Simulation
from tests.system.server import ROOT
from ticketing.domain.audit import ACTIONS

SEEDS = 1_000

# What some of the seeds have to meet; one that stays 0 is a path that nobody has walked.
SOMETIMES = [
    "a group of one", "a group of some", "a full group", "a batch was split",
    "a batch was defeated", "a defeat that was forced", "an event was locked first",
    "a turn was had", "a turn was somebody else's", "somebody was in line",
    "a turn was kept and had", "a turn was kept for somebody else",
    "a turn was not waited for any longer", "nobody had the patience for a turn",
    "commit, done, lost", "commit, not done, lost", "message, done, lost",
    "message, not done, lost", "time ran out on the way",
    "told Busy", "told OutcomeUnknown", "told DatabaseUnavailable", "told RequestInFlight",
    "told UnreadableDocument", "told LimitReached", "told OfferGone", "told WaitingListFirst",
    "a process died", "a process died within a transaction", "a process died that had a turn",
    "a process died that resumed", "another primary", "a new primary was waited for",
    "MongoDB was away", "a request came twice", "a key was replayed at another process",
    "remaining work was finished by recovery", "remaining work was finished by the next commit",
    "guests were taken", "a publication was given back", "a calm run",
]  # fmt: skip

# The same where all workers of a host commit for each other.
SOMETIMES_TOGETHER = [
    "guests were taken", "guests were taken without the lock", "a publication was given back",
    "what was lost was committed anew", "of what was lost nothing is known", "nothing was lost",
    "a process died within a transaction",
]  # fmt: skip
SEEDS_TOGETHER = 300

# Of no use to a simulation of sales: nobody deletes or replaces an event that is booked.
UNUSED = {"deleted", "replaced"}


def judged(drawn: Drawn, seeds: int) -> tuple[list[str], Counter[str]]:
    """Return what the judges find in so many plans, and what these have met."""
    faults, sometimes = [], Counter[str]()
    for seed in range(seeds):
        simulation = Simulation(drawn(seed))
        simulation.run()
        faults += [f"seed {seed}: {fault}" for fault in verdict(simulation)]
        sometimes += simulation.sometimes
    return faults, sometimes


def test_keeps_its_promises_in_a_thousand_seeds_which_meet_all_that_can_go_wrong() -> None:
    faults, sometimes = judged(plan_of, SEEDS)

    assert faults == []
    never = {name for name in [*SOMETIMES, *ACTIONS] if not sometimes[name]}
    assert never == UNUSED, sometimes


def test_keeps_its_promises_where_workers_commit_for_each_other() -> None:
    faults, sometimes = judged(combining, SEEDS_TOGETHER)

    assert faults == []
    assert not {name for name in SOMETIMES_TOGETHER if not sometimes[name]}, sometimes


@pytest.mark.parametrize("seed", [3, 24, 98])
def test_a_seed_gives_the_same_history_byte_for_byte(seed: int) -> None:
    """Also in another process, where sets and dicts have their hashes from another seed."""
    history = told(plan_of(seed))

    assert history == told(plan_of(seed))
    assert len(history) > 100
    elsewhere = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", str(seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.splitlines()[: len(history)] == history


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_notices_a_build_that(mutant: Mutant) -> None:
    assert any(is_noticed(mutant, seed) for seed in range(mutant.seeds))


def is_noticed(mutant: Mutant, seed: int) -> bool:
    """Return whether the judge who is there for it says something."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.breaks(patch)
        simulation = Simulation(mutant.drawn(seed))
        simulation.run()
        return any(fault.split(":")[0] == mutant.noticed_by for fault in verdict(simulation))


def test_each_judge_has_a_mutant() -> None:
    assert {judge.__name__ for judge in JUDGES} == {mutant.noticed_by for mutant in MUTANTS}


@pytest.mark.parametrize(
    "drawn", dict.fromkeys(mutant.drawn for mutant in MUTANTS), ids=lambda d: d.__name__
)
def test_finds_nothing_in_a_whole_build_where_mutants_are_looked_for(
    drawn: Drawn,
) -> None:
    for seed in range(10):
        simulation = Simulation(drawn(seed))
        simulation.run()
        assert verdict(simulation) == [], seed

"""`python -m tests.simulation`: many seeds, or one with all its steps.

--seeds N          judge the first N seeds, or N from --seed on
--seed S           tell what happens in one seed, step by step: when, who, what
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.simulation.judges import verdict
from tests.simulation.plan import Plan, plan_of
from tests.simulation.simulation import Simulation


def told(plan: Plan) -> list[str]:
    """Return the history of a run, one line a step: virtual milliseconds, thread, step."""
    simulation = Simulation(plan, keeps_history=True)
    simulation.run()
    return [_line(*step) for step in simulation.history]


def _line(at: object, who: object, *what: object) -> str:
    assert isinstance(at, float)
    return f"{at * 1000:10.1f}  {who:22}  {' '.join(map(str, what))}".replace("\n", " ")


def main() -> int:
    """Run what is asked for; return 1 where a judge found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, help="how many seeds to judge")
    parser.add_argument("--seed", type=int, default=0, help="the first of them, or the only one")
    asked = parser.parse_args()
    if asked.seeds is None:
        return _one(asked.seed)
    return _many(range(asked.seed, asked.seed + asked.seeds))


def _one(seed: int) -> int:
    plan = plan_of(seed)
    simulation = Simulation(plan, keeps_history=True)
    simulation.run()
    for step in simulation.history:
        print(_line(*step))
    print(plan)
    faults = verdict(simulation)
    print("\n".join(faults) or "nothing to find fault with")
    return bool(faults)


def _many(seeds: range) -> int:
    sometimes: Counter[str] = Counter()
    wrong = 0
    for seed in seeds:
        simulation = Simulation(plan_of(seed))
        simulation.run()
        sometimes += simulation.sometimes
        for fault in verdict(simulation):
            wrong += 1
            print(f"seed {seed}: {fault}", flush=True)
    for name, number in sorted(sometimes.items()):
        print(f"{number:8}  {name}")
    print(f"{len(seeds)} seeds, {wrong} faults")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.faults [--seconds N] [--seed S] [--quick | --mutants] [--only NAME]`.

Each fault alone first, then at random until the time is over, "everything at once" every other
time. The seed is printed and chooses the same faults and the same operations again. With
`--hosts 1` there is one server, and what needs two is left out.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from tests.faults.judging import sometimes
from tests.faults.judging.checker import Findings
from tests.faults.load.history import Request
from tests.faults.mutants.mutants import MUTANTS
from tests.faults.networks.network import NoNetwork
from tests.faults.runner import OneHost, Ran, Runner
from tests.faults.table import CALM, FAULTS, QUICK, REVEALED_BY
from tests.faults.world.clocks import NoClock
from tests.faults.world.disk import NoDisk

EVERYTHING = "everything at once, at random"
TRIES = 3

KINDS = [kind.name for kind in fields(Findings)]


@dataclass
class Row:
    """What one fault came to."""

    ran: list[Ran] = field(default_factory=list)

    def cells(self, bound_s: float) -> list[str]:
        longest = max(ran.longest_s for ran in self.ran)
        return [
            str(len(self.ran)),
            str(sum(len(ran.requests) for ran in self.ran)),
            str(sum(ran.acknowledged for ran in self.ran)),
            *(str(sum(len(getattr(ran.findings, kind)) for ran in self.ran)) for kind in KINDS),
            f"{longest:.1f}" + (" **over**" if longest > bound_s else ""),
            f"{bound_s:g}",
            f"{max(ran.recovery_s for ran in self.ran):.1f}",
        ]


def main() -> int:
    asked = _arguments()
    print(f"seed {asked.seed}", flush=True)
    # Ended from outside, too, it takes with it what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chance = random.Random(asked.seed)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Runner(Path(folder), chance, asked.hosts) as runner,
    ):
        if asked.mutants:
            return _hunt(runner, asked.only or list(MUTANTS))
        return _break(runner, chance, asked)


def _break(runner: Runner, chance: random.Random, asked: argparse.Namespace) -> int:
    rows: dict[str, Row] = {}
    missing: dict[str, str] = {}
    wrong: list[str] = []
    until = time.monotonic() + asked.seconds
    names = asked.only or (QUICK if asked.quick else list(FAULTS))
    for name in _order(names, chance, 0 if asked.quick else until):
        try:
            ran = runner.run(FAULTS[name])
        except (NoDisk, NoNetwork, NoClock, OneHost) as reason:
            missing[name] = f"not run: {reason}"
            continue
        except Exception as error:
            traceback.print_exc()
            wrong.append(f"{name}: broke off: {error!r}")
            continue
        rows.setdefault(name, Row()).ran.append(ran)
        said = ran.findings.all[:3] or "nothing wrong"
        print(f"{name}: {len(ran.requests)} requests, {said}", flush=True)
    _print(rows)
    _print_kinds([request for row in rows.values() for ran in row.ran for request in ran.requests])
    for name, row in rows.items():
        print("".join(f"{name}: late: {text}\n" for ran in row.ran for text in ran.late), end="")
    print("\n".join(f"{name}: {reason}" for name, reason in missing.items()))
    unmet = _print_met(rows, sometimes.ALL if asked.hosts > 1 else sometimes.OF_ONE_HOST)
    wrong += [] if asked.only else [f"never met: {name}" for name in unmet]
    wrong += [text for row in rows.values() for ran in row.ran for text in ran.findings.all]
    print("\n".join(wrong[:50]))
    return 1 if wrong else 0


def _order(names: Sequence[str], chance: random.Random, until: float) -> Iterator[str]:
    yield from names
    turn = 0
    while time.monotonic() < until:
        turn += 1
        yield EVERYTHING if turn % 2 and EVERYTHING in names else chance.choice(names)


def _hunt(runner: Runner, names: Sequence[str]) -> int:
    """Let each mutant serve, under the fault that should reveal it, until it is noticed."""
    survivors = 0
    for name in names:
        fault = FAULTS.get(REVEALED_BY.get(name, ""), CALM)
        for attempt in range(1, TRIES + 1):
            found = runner.run(replace(fault, build=MUTANTS[name])).findings.all
            if found:
                print(f"caught in run {attempt}: {name}: {len(found)} findings, {found[0]}")
                break
        else:
            survivors += 1
            print(f"NOT CAUGHT in {TRIES} runs: {name}")
        sys.stdout.flush()
    return survivors


def _print(rows: dict[str, Row]) -> None:
    heads = ["fault", "runs", "requests", "acknowledged", *KINDS,
             "longest request (s)", "bound (s)", "recovered after (s)"]  # fmt: skip
    print("\n| " + " | ".join(heads) + " |")
    print("|---" * len(heads) + "|")
    for name, row in rows.items():
        print("| " + " | ".join([name, *row.cells(FAULTS[name].bound_s)]) + " |")


def _print_kinds(requests: Sequence[Request]) -> None:
    """Print each kind of request: how many, how many were granted, which part was told 503."""
    kinds: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        kinds[request.kind].append(request)
    print("\n| kind | requests | acknowledged | 503 | longest (s) |\n|---|---|---|---|---|")
    for kind, asked in sorted(kinds.items()):
        granted = sum(1 for request in asked if request.is_granted)
        unavailable = sum(1 for request in asked if request.status == 503) / len(asked)
        longest = max(request.took_s for request in asked)
        print(f"| {kind} | {len(asked)} | {granted} | {unavailable:.1%} | {longest:.1f} |")


def _print_met(rows: dict[str, Row], names: Sequence[str]) -> list[str]:
    """Print what the runs have met, and return what none of them has."""
    met: Counter[str] = sum((ran.met for row in rows.values() for ran in row.ran), Counter())
    print("\n| met | times |\n|---|---|")
    print("\n".join(f"| {name} | {met[name]} |" for name in names))
    return [name for name in names if not met[name]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Break the office and check what clients were told."
    )
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--quick", action="store_true", help="the quickest rows, once each")
    parser.add_argument("--mutants", action="store_true", help="builds that have to be caught")
    parser.add_argument("--hosts", type=int, default=2, help="servers that share MongoDB only")
    parser.add_argument("--only", action="append", help="these faults or mutants alone, by name")
    asked = parser.parse_args()
    unknown = {*(asked.only or ())} - {*(MUTANTS if asked.mutants else FAULTS)}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    sys.exit(main())

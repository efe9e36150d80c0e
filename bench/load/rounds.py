"""Asks scenarios in turns, round after round, and makes a line of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench.load import wrk
from bench.load.books import Tally
from bench.load.counters import Counted, Meter
from bench.load.office import Office
from bench.load.serving import Server
from bench.report.figures import Line


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that is asked of one of the servers, by its name.

    `against` names the scenario whose rate it is held against, `wanted` the ratio that is aimed at.
    It is asked by as many clients as the others, unless it says how many.
    """

    name: str
    server: str
    asked: wrk.Asked
    against: str | None = None
    wanted: float | None = None
    connections: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a scenario in one round."""

    figures: wrk.Figures
    counted: Counted
    connections: int

    @property
    def python_ms(self) -> float:
        """Processor time of the server for one request."""
        return self.counted.python_s * 1000 / self.figures.requests

    @property
    def mongod_ms(self) -> float:
        """Processor time of MongoDB for one request."""
        return self.counted.mongod_s * 1000 / self.figures.requests


# What came of each scenario, round by round.
Taken = dict[str, list[Measured]]


class Rounds:
    """Asks the servers of an office, and keeps a tally of what is acknowledged."""

    def __init__(self, office: Office, servers: Mapping[str, Server], connections: int) -> None:
        self._office, self._servers, self._connections = office, servers, connections
        self.tally = Tally()

    def warm_up(self, scenarios: Sequence[Scenario], seconds: int) -> None:
        """Ask without counting: until all workers are up, the first takes all connections."""
        for scenario in scenarios:
            self._ask(scenario, seconds)

    def run(
        self, rounds: int, seconds: int, scenarios: Callable[[int], Sequence[Scenario]]
    ) -> list[Line]:
        """Ask for what `scenarios` returns for each round; raises WrongAnswer."""
        taken: Taken = {}
        for number in range(rounds):
            all_ = scenarios(number)
            for scenario in all_:
                measured = self._measured(scenario, seconds)
                taken.setdefault(scenario.name, []).append(measured)
        return [line(s.name, taken, against=s.against, wanted=s.wanted) for s in all_]

    def _measured(self, scenario: Scenario, seconds: int) -> Measured:
        scenario = replace(scenario, asked=scenario.asked.prepared())
        meter = Meter(self._office, [self._servers[scenario.server]])
        before = meter.settled()
        figures = self._ask(scenario, seconds)
        return Measured(
            figures, meter.settled().since(before), scenario.connections or self._connections
        )

    def _ask(self, scenario: Scenario, seconds: int) -> wrk.Figures:
        asked, port = scenario.asked, self._servers[scenario.server].port
        connections = scenario.connections or self._connections
        figures = wrk.ask(scenario.name, asked, port, self._folder, connections, seconds)
        if asked.changes:
            self.tally.add(figures.requests, connections)
        return figures

    @property
    def _folder(self) -> Path:
        return self._office.folder


def line(
    name: str, taken: Taken, *, against: str | None = None, wanted: float | None = None
) -> Line:
    """Return what a scenario has come to, held against another if that is named."""
    rounds, others = taken[name], taken.get(against or "", [])
    ratios = [own.figures.rate / other.figures.rate
              for own, other in zip(rounds, others, strict=bool(others))]  # fmt: skip
    commits = sum(one.counted.commits for one in rounds)
    commands = sum(one.counted.commands for one in rounds)
    return Line(
        name,
        connections=rounds[0].connections,
        requests=sum(one.figures.requests for one in rounds),
        rate=round(median(one.figures.rate for one in rounds), 1),
        p50_ms=round(median(one.figures.p50_ms for one in rounds), 2),
        p99_ms=round(median(one.figures.p99_ms for one in rounds), 2),
        python_ms=round(median(one.python_ms for one in rounds), 3),
        mongod_ms=round(median(one.mongod_ms for one in rounds), 3),
        commits=commits,
        group=round(commands / commits, 2) if commits else None,
        groups=_sizes([one.counted.groups for one in rounds]),
        conflicts=sum(one.counted.conflicts for one in rounds),
        transactions=sum(one.counted.transactions for one in rounds),
        aborted=sum(one.counted.aborted for one in rounds),
        against=against,
        ratio=round(median(ratios), 3) if ratios else None,
        wanted=wanted,
    )


def _sizes(rounds: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return how many commits there were of each size that there was."""
    total = {size: sum(one.get(size, 0) for one in rounds) for one in rounds for size in one}
    return {size: n for size, n in total.items() if n}

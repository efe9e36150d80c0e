"""The figures of a benchmark, as they are kept; the package's docstring says what each means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from bench.report.machine import Machine


@dataclass(frozen=True, slots=True)
class Line:
    """One scenario: medians over the rounds, sums of what was counted."""

    name: str
    connections: int
    requests: int
    rate: float
    p50_ms: float
    p99_ms: float
    python_ms: float | None = None
    mongod_ms: float | None = None
    commits: int | None = None
    group: float | None = None
    groups: Mapping[str, int] | None = None
    conflicts: int | None = None
    transactions: int | None = None
    aborted: int | None = None
    against: str | None = None
    by: Literal["rate", "p99_ms"] = "rate"
    ratio: float | None = None
    wanted: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the ratio that is wanted was come to; None where none is wanted."""
        if self.ratio is None or self.wanted is None:
            return None
        # As it is printed: nobody should read "0.90 of 0.9: not met".
        return round(self.ratio, 2) >= self.wanted

    @property
    def aborted_share(self) -> float | None:
        """The part of MongoDB's transactions that came to nothing; None where nobody commits.

        MongoDB has now and then one of its own, which would be all that there is beside reads.
        """
        if not self.commits or not self.transactions or self.aborted is None:
            return None
        return self.aborted / self.transactions


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a benchmark has come to."""

    benchmark: str
    date: str
    machine: Machine
    arguments: Mapping[str, int | float | str]
    books: str
    lines: Sequence[Line]

    def write(self, file: Path) -> None:
        """Write it down as JSON."""
        file.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, file: Path) -> Run:
        """Read what was written; raises ValueError where the file holds something else."""
        try:
            fields = json.loads(file.read_text())
            machine = Machine(**fields.pop("machine"))
            lines = [Line(**line) for line in fields.pop("lines")]
            return cls(machine=machine, lines=lines, **fields)
        except (TypeError, KeyError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"{file} is not from a benchmark of this version: {error}") from None

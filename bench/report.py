"""The figures of a benchmark as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_HEAD = (f"{'':30}{'a second':>9}{'p50 ms':>8}{'p99 ms':>8}{'python ms':>11}{'mongod ms':>11}"
         "  ratio to")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """Medians over the rounds; times in milliseconds, those of processors for one request."""

    name: str
    rate: float
    p50_ms: float
    p99_ms: float
    python_ms: float
    mongod_ms: float
    against: str | None
    ratio: float | None
    wanted: float | None

    @property
    def verdict(self) -> str:
        """What has come of what was aimed at."""
        if self.ratio is None:
            return ""
        shown = f"{self.ratio:.2f} {self.against}"
        if self.wanted is None:
            return shown
        return (
            f"{shown} (wanted {self.wanted}: {'met' if self.ratio >= self.wanted else 'NOT met'})"
        )


def write(lines: Sequence[Line], file: Path | None) -> None:
    """Print the table, and write the file where one is named."""
    print(_HEAD)
    for line in lines:
        print(
            f"{line.name:30}{line.rate:9.0f}{line.p50_ms:8.1f}{line.p99_ms:8.1f}"
            f"{line.python_ms:11.2f}{line.mongod_ms:11.2f}  {line.verdict}"
        )
    if file is not None:
        file.write_text(json.dumps([asdict(line) for line in lines], indent=1) + "\n")

"""How the benchmarks that keep their figures begin and end."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.load.books import BooksDiffer
from bench.load.office import Office
from bench.load.wrk import WrongAnswer
from bench.report.figures import Line, Run
from bench.report.machine import Machine, this_machine
from bench.report.tables import text


def parser(description: str, name: str, *, seconds: int) -> argparse.ArgumentParser:
    """Return a parser that knows rounds, seconds, which scenarios, and the file of figures."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--seconds", type=int, default=seconds, help="of each scenario in a round")
    made.add_argument("--only", default="", help="scenarios with this in their name")
    made.add_argument("--json", type=Path, default=Path(f"{name}.json"), help="for the figures")
    return made


def exit_code(measure: Callable[[], None]) -> int:
    """Measure; print in one sentence what is wrong, if anything is, and return 1, else 0."""
    if not shutil.which("wrk"):
        print("wrk is not installed: apt-get install wrk", file=sys.stderr)
        return 1
    try:
        measure()
    except (WrongAnswer, BooksDiffer) as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


class Record:
    """Makes a run's figures known: begun before anything is measured, and kept at the end."""

    def __init__(self, name: str, office: Office) -> None:
        self._name = name
        self._date = datetime.now(UTC).isoformat(timespec="seconds")
        self._machine: Machine = this_machine(office.client.server_info()["version"])

    def keep(
        self,
        lines: list[Line],
        books: str,
        asked: argparse.Namespace,
        names: Sequence[str],
    ) -> None:
        """Print the table and write the file; of what was asked for these names are kept."""
        arguments = {name: getattr(asked, name) for name in names}
        run = Run(self._name, self._date, self._machine, arguments, books, lines)
        print(text(run))
        run.write(asked.json)
        print(f"{asked.json} has all figures.")

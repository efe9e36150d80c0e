"""Puts figures into the docs: `make bench-docs FIGURES="bench.json bench-growth.json"`.

Each file is kept in docs/pictures under the name of its benchmark, and what the docs show is made
anew from all that are kept there: each table between its marks in a page, and the chart. Without
files, from what is kept alone. tests/bench/test_document.py holds the docs to it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.chart import draw
from bench.report.figures import Run
from bench.report.tables import markdown

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "pictures"

# The page that shows each benchmark's table, and those that have a chart.
PAGES = {
    "bench": "docs/performance.md",
    "bench-growth": "docs/performance.md",
    "bench-scaling": "docs/scaling.md",
    "bench-guessing": "docs/security.md",
}
CHARTS = {"bench"}


class NoPlace(Exception):
    """What the docs have no place for, in one sentence."""


def main() -> int:
    """Keep the files that are named, and write what the docs show."""
    parser = argparse.ArgumentParser(description="Put figures into the docs.")
    parser.add_argument("figures", type=Path, nargs="*")
    try:
        for file in parser.parse_args().figures:
            _keep(Run.read(file))
        for path, text in written():
            path.write_text(text)
    except (OSError, ValueError, NoPlace) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def _keep(run: Run) -> None:
    if run.benchmark not in PAGES:
        raise NoPlace(f"The docs show no figures of {run.benchmark}.")
    run.write(KEPT / f"{run.benchmark}.json")


def written() -> Iterator[tuple[Path, str]]:
    """Yield each file that is made from figures, and what should be in it; raises NoPlace."""
    pages = {name: (ROOT / name).read_text() for name in PAGES.values()}
    for benchmark, page in PAGES.items():
        run = Run.read(KEPT / f"{benchmark}.json")
        pages[page] = _with_table(pages[page], run, page)
        if benchmark in CHARTS:
            yield KEPT / f"{benchmark}.svg", draw(run)
    for name, text in pages.items():
        yield ROOT / name, text


def _with_table(text: str, run: Run, page: str) -> str:
    """Return the page with the table between its marks."""
    begin, end = f"<!-- {run.benchmark}: by make bench-docs -->", f"<!-- end of {run.benchmark} -->"
    new, found = re.subn(
        rf"{begin}.*?{end}", lambda _: f"{begin}\n\n{markdown(run)}\n\n{end}", text, flags=re.DOTALL
    )
    if found != 1:
        raise NoPlace(f"{page} has no place for {run.benchmark}: {begin} and {end}, once.")
    return new


if __name__ == "__main__":
    sys.exit(main())

"""The figures of a run as a table: for a terminal, and for a page of the docs."""

from __future__ import annotations

from datetime import datetime

from bench.report.figures import Line, Run

_HEAD = ("a second", "p50 ms", "p99 ms", "Python ms", "MongoDB ms", "a commit", "aborted")


def text(run: Run) -> str:
    """Return the table for a terminal."""
    width = max(len(line.name) for line in run.lines) + 2
    table = [
        name.ljust(width) + "".join(cell.rjust(11) for cell in cells) + "  " + told
        for name, *cells, told in _rows(run)
    ]
    return "\n".join([*(line.rstrip() for line in table), run.books])


def markdown(run: Run) -> str:
    """Return the table for a page, with a line on where and how it was measured."""
    head, *rows = _rows(run)
    marks = ["---", *(["--:"] * (len(head) - 2)), "---"]
    table = "\n".join("| " + " | ".join(row) + " |" for row in [head, marks, *rows])
    return f"{caption(run)}\n\n{table}\n\n{run.books[0].upper()}{run.books[1:]}."


def _rows(run: Run) -> list[list[str]]:
    """Return the head and a row for each line, without columns of what was not measured."""
    cells = [_cells(line) for line in run.lines]
    known = [n for n, column in enumerate(zip(*cells, strict=True)) if any(column)]
    rows = [["", *_HEAD, "ratio to"]]
    rows += [[line.name, *own, ratio(line)] for line, own in zip(run.lines, cells, strict=True)]
    return [[row[0], *(row[n + 1] for n in known), row[-1]] for row in rows]


def caption(run: Run) -> str:
    """Return one sentence on the machine, the versions, the day and the arguments."""
    machine = run.machine
    day = datetime.fromisoformat(run.date)
    asked = ", ".join(f"{name} {value}" for name, value in run.arguments.items())
    model = f" ({machine.model})" if machine.model else ""
    return (
        f"{machine.processors} processors{model}, {machine.system}, "
        f"load {machine.load} before it began, "
        f"Python {machine.python} {machine.python_build}, MongoDB {machine.mongodb}, "
        f"{f'commit {machine.commit}, ' if machine.commit else ''}"
        f"{day.day} {day:%B %Y}; {asked}."
    )


def ratio(line: Line) -> str:
    """Return what a line comes to next to another, and whether that is what was wanted."""
    if line.ratio is None:
        return ""
    shown = f"{line.ratio:.2f} {line.against}" + (", by p99" if line.by == "p99_ms" else "")
    if line.wanted is None:
        return shown
    return f"{shown} (wanted {line.wanted}: {'met' if line.met else 'NOT met'})"


def _cells(line: Line) -> list[str]:
    """Return the figures of a line in the order of the head; nothing where there are none."""
    share = line.aborted_share
    return [
        f"{line.rate:,.0f}",
        f"{line.p50_ms:,.1f}",
        f"{line.p99_ms:,.1f}",
        "" if line.python_ms is None else f"{line.python_ms:.2f}",
        "" if line.mongod_ms is None else f"{line.mongod_ms:.2f}",
        "" if line.group is None else f"{line.group:.1f}",
        "" if share is None else f"{share:.1%}",
    ]

"""Rows on a terminal, in columns as wide as what stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click


def show(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> None:
    """Print the columns of some rows, each under its heading; numbers to the right."""
    cells = [[_text(row.get(name)) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns.values(), *cells, strict=True)]
    numeric = [
        bool(rows) and all(isinstance(row.get(name), int | float) for row in rows)
        for name in columns
    ]
    for line in [list(columns.values()), *cells]:
        padded = (
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, numeric, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def _text(value: object) -> str:
    return "" if value is None else str(value)

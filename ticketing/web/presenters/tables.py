"""Tables as CSV (RFC 4180), for whoever goes on working with them in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import chain

# What spreadsheets take for a formula: CSV injection (OWASP), also after a tab or a return.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def amount(minor: int) -> Decimal:
    """Return an amount as a number of a table: it is calculated with, below zero as well."""
    return Decimal(minor).scaleb(-2)


def csv_of(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; see `lines_of`."""
    return lines_of(chain([head], rows))


def lines_of(rows: Iterable[Sequence[object]]) -> str:
    """Write lines; a text that a spreadsheet would calculate gets an apostrophe in front.

    So does one that has some already, so that `unguarded` gives back what it was. Numbers are
    written as numbers, negative ones too.
    """
    target = io.StringIO()
    writer = csv.writer(target)
    for row in rows:
        writer.writerow([_guarded(cell) for cell in row])
    return target.getvalue()


def unguarded(text: str) -> str:
    """Return the text of a cell as it was before it was written."""
    return text[1:] if text.startswith("'") and _is_formula(text) else text


def _guarded(cell: object) -> object:
    if isinstance(cell, str) and _is_formula(cell):
        return f"'{cell}"
    return "" if cell is None else cell


def _is_formula(text: str) -> bool:
    return text.lstrip("'").startswith(_FORMULA)

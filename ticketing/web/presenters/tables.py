"""Tables as CSV (RFC 4180), for whoever goes on working with them in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

# What spreadsheets take for a formula: CSV injection (OWASP), also after a tab or a return.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def amount(minor: int) -> Decimal:
    """Return an amount as a number of a table: it is calculated with, below zero as well."""
    return Decimal(minor).scaleb(-2)


def csv_of(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; a text that a spreadsheet would calculate gets an apostrophe in front.

    Numbers are written as numbers, negative ones too.
    """
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([_guarded(cell) for cell in head])
    for row in rows:
        writer.writerow([_guarded(cell) for cell in row])
    return target.getvalue()


def _guarded(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return "" if cell is None else cell

"""CSV (RFC 4180) and NDJSON (a JSON object a line): rows written, and rows read line by line."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

from ticketing.api.http import strict_json
from ticketing.web.presenters.tables import lines_of, unguarded

Format = Literal["csv", "ndjson"]
FORMATS: tuple[Format, ...] = ("csv", "ndjson")

# What stands in a line, by its name; a schema has yet to look at it.
Row = Mapping[str, object]

# By it spreadsheets know UTF-8, as in the pages' downloads.
_BOM = "\ufeff"

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", re.ASCII)

# What stands in a cell of these is a number, as it is in JSON.
_NUMERIC = ("capacity", "costPerTicket")

_LONGEST_LINE = 65_536


class BadLine(Exception):
    """A line of a file that can't be read, with its number."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number


def head_of(format_: Format, columns: Sequence[str]) -> str:
    """Return what a file begins with."""
    return _BOM + lines_of([columns]) if format_ == "csv" else ""


def text_of(format_: Format, columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Return the lines of some rows."""
    if format_ == "csv":
        return lines_of([_cell(row.get(name)) for name in columns] for row in rows)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def read(format_: Format, file: Path) -> Iterator[tuple[int, Row | BadLine]]:
    """Read a file's rows, each with the number of its line, or what is wrong with it.

    Raises BadLine where nothing behind a line could be read as it is meant.
    """
    return _read_csv(file) if format_ == "csv" else _read_ndjson(file)


def _read_ndjson(file: Path) -> Iterator[tuple[int, Row | BadLine]]:
    for number, line in _lines(file):
        if not line.strip():
            continue
        try:
            row = strict_json.loads(line)
        except strict_json.NotJson as fault:
            yield number, BadLine(number, str(fault).replace("The body", "The line"))
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            yield number, BadLine(number, "The line is not a JSON object.")


def _read_csv(file: Path) -> Iterator[tuple[int, Row | BadLine]]:
    reader = csv.reader((_text(number, line) for number, line in _lines(file)), strict=True)
    head: list[str] | None = None
    try:
        for cells in reader:
            number = reader.line_num
            if head is None:
                head = _head(cells)
            elif len(cells) == len(head):
                yield (
                    number,
                    dict(_typed(*pair) for pair in zip(head, cells, strict=True) if pair[1]),
                )
            elif cells:
                reason = f"There are {len(cells)} cells under {len(head)} columns."
                yield number, BadLine(number, reason)
    except csv.Error as error:
        raise BadLine(reader.line_num, f"This is not CSV: {error}.") from None


def _head(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(set(names)) < len(names):
        raise BadLine(1, "A column is there twice.")
    return names


def _typed(name: str, cell: str) -> tuple[str, object]:
    text = unguarded(cell)
    if name not in _NUMERIC or not _NUMBER.fullmatch(text.strip()):
        return name, text
    number = Decimal(text.strip())
    return name, int(number) if "." not in text else number


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    with file.open("rb") as opened:
        number = 0
        while line := opened.readline(_LONGEST_LINE + 1):
            number += 1
            if len(line) > _LONGEST_LINE:
                raise BadLine(number, f"The line is longer than {_LONGEST_LINE} bytes.")
            yield number, line.removeprefix(_BOM.encode()) if number == 1 else line


def _text(number: int, line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise BadLine(number, "The line is not UTF-8.") from None

"""Tables as files to take away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Response

from ticketing.web.presenters.tables import csv_of


def download(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Send a table as CSV; the byte order mark lets spreadsheets read it as UTF-8."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    text = "\ufeff" + csv_of(head, rows)
    return Response(text, content_type="text/csv; charset=utf-8", headers=headers)

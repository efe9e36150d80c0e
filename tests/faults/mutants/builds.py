"""Builds of the service with something changed, to see whether the harness notices.

Each is a copy of the code in which pieces of text are replaced, each exactly once.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.system.server import ROOT


class Change(NamedTuple):
    """In a file below `ticketing/`, what stands there, and what is to stand there instead."""

    file: str
    old: str
    new: str


# Workers that are a day behind, right, and a day ahead, in turn.
CLOCKS: Sequence[Change] = (
    Change("storage/driver/units_of_work.py", "def utc_now()", "DAYS = 0\n\n\ndef utc_now()"),
    Change(
        "storage/driver/units_of_work.py",
        "    time_ = datetime.now(UTC)\n",
        "    from datetime import timedelta\n    time_ = datetime.now(UTC) + timedelta(DAYS)\n",
    ),
    Change(
        "server/gunicorn_config.py",
        "    running = background.start",
        "    __import__('ticketing.storage.driver.units_of_work', fromlist=['']).DAYS = "
        "worker.age % 3 - 1\n    running = background.start",
    ),
)


def build(folder: Path, changes: Sequence[Change]) -> Path:
    """Copy the service into a folder and change it; raises LookupError for what is not there."""
    root = folder / "build"
    shutil.copytree(
        ROOT / "ticketing",
        root / "ticketing",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for change in changes:
        file = root / "ticketing" / change.file
        text = file.read_text()
        if text.count(change.old) != 1:
            raise LookupError(f"{change.file}: {text.count(change.old)} times: {change.old}")
        file.write_text(text.replace(change.old, change.new))
    return root

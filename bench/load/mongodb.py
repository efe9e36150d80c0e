"""A MongoDB for one benchmark, which is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ticketing.server.mongod import Mongod


@contextmanager
def own_mongod() -> Iterator[tuple[Mongod, Path]]:
    """Start a MongoDB, and return it and a folder for whatever else there is to be kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mongod = Mongod(folder / "db")
        mongod.start()
        try:
            yield mongod, folder
        finally:
            mongod.kill()

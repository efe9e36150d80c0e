"""A clock for MongoDB alone, which can be set while the machine's goes on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

_LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"


class NoClock(Exception):
    """It can't be set here; the text says what is missing."""


class Clock:
    """A clock that processes go by which are started with its `environment`.

    What they measure time with, which nobody sets, stays as it is. Raises NoClock.
    """

    def __init__(self, folder: Path) -> None:
        libraries = sorted(Path("/").glob(_LIBRARIES.removeprefix("/")))
        if not libraries:
            raise NoClock("it needs libfaketime (apt-get install faketime), which is not here")
        self._file = folder / "clock"
        self.set_ahead(timedelta())
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(libraries[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Waiting by that clock would take too long otherwise.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def set_ahead(self, by: timedelta) -> None:
        """Set it ahead of the machine's; it takes up to a second until that is seen."""
        self._file.write_text(f"+{int(by.total_seconds())}\n")

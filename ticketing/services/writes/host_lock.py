"""An advisory lock between the workers of one host: fewer lost commits, larger batches.

Two workers that commit on the same event at once end in a write conflict, and the loser has worked
in vain. So a leader first takes its event's advisory lock, a file lock that the kernel takes back
from a process that dies. Nothing depends on it: whoever has waited `PATIENCE_S` goes ahead without
it, and MongoDB decides as it does between hosts (docs/adr/0004).
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ticketing.storage.driver.host import shared_folder

# Longer than any healthy commit, so that the lock passes only late from a worker that is stuck.
PATIENCE_S = 0.25
_PAUSE_S = 0.001
_LOCKS = 64


class HostLock:
    """One lock per event, nearly: events share 64 of them, which costs them a moment at worst."""

    def __init__(self, name: str) -> None:
        self._folder = shared_folder(name)

    @contextmanager
    def held(self, event_id: str) -> Iterator[None]:
        """Hold the event's lock, or go on without it when it can't be had."""
        with ExitStack() as held:
            with suppress(OSError):
                if self._folder is not None:
                    self._take(self._folder, zlib.crc32(event_id.encode()) % _LOCKS, held)
            yield

    def _take(self, folder: Path, number: int, held: ExitStack) -> None:
        """Lock for as long as `held` lasts, or give up after `PATIENCE_S`.

        Who waits for the lock holds the next-in-line lock in front of it, so that the one who has
        just had it can't take it again before them.
        """
        until = time.monotonic() + PATIENCE_S
        with _opened(folder / f"next-{number}") as next_in_line:
            lock = held.enter_context(_opened(folder / f"lock-{number}"))
            if _locked(next_in_line, until):
                _locked(lock, until)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _locked(file: int, until: float) -> bool:
    """Lock a file of our own opening; closing it gives the lock back."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE_S)
        else:
            return True

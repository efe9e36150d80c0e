"""An advisory lock between the workers of one host: fewer lost commits, larger batches.

Two workers that commit on the same event at once end in a write conflict, and the loser has worked
in vain. So a leader first takes its event's advisory lock, a file lock that the kernel takes back
from a process that dies. Nothing depends on it: whoever has waited `PATIENCE_S` goes ahead without
it, and MongoDB decides as it does between hosts (docs/adr/0004).
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

# Longer than any healthy commit, so that the lock passes only late from a worker that is stuck.
PATIENCE_S = 0.25
_PAUSE_S = 0.001
_LOCKS = 64


class HostLock:
    """One lock per event, nearly: events share 64 of them, which costs them a moment at worst."""

    def __init__(self, name: str) -> None:
        self._folder = Path(tempfile.gettempdir()) / f"ticketing-{os.getuid()}-{name}"
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
        self._ours = _is_ours(self._folder)

    @contextmanager
    def held(self, event_id: str) -> Iterator[None]:
        """Hold the event's lock, or go on without it when it can't be had."""
        with ExitStack() as held:
            with suppress(OSError):
                if self._ours:
                    self._take(zlib.crc32(event_id.encode()) % _LOCKS, held)
            yield

    def _take(self, number: int, held: ExitStack) -> None:
        """Lock for as long as `held` lasts, or give up after `PATIENCE_S`.

        Who waits for the lock holds the next-in-line lock in front of it, so that the one who has
        just had it can't take it again before them.
        """
        until = time.monotonic() + PATIENCE_S
        with self._opened(f"next-{number}") as next_in_line:
            lock = held.enter_context(self._opened(f"lock-{number}"))
            if _locked(next_in_line, until):
                _locked(lock, until)

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        file = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield file
        finally:
            os.close(file)


def _is_ours(folder: Path) -> bool:
    """Return whether nobody else can lock what is in there: anybody may make a folder in /tmp."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


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

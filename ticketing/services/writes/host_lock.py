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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum, auto
from pathlib import Path

from ticketing.storage.driver.host import shared_folder

# Longer than any healthy commit, so that the lock passes only late from a worker that is stuck.
PATIENCE_S = 0.25
_PAUSE_S = 0.001
# Only the first in line looks every millisecond.
_PAUSE_IN_LINE_S = 0.003
LOCKS = 64

# Waits so many seconds, and tells whether the lock is still wanted.
Meanwhile = Callable[[float], bool]


class Lock(Enum):
    """Whether an advisory lock is held."""

    HELD = auto()
    NOT_HAD = auto()
    NOT_WANTED = auto()


def number_of(event_id: str) -> int:
    """Return the number of an event's lock."""
    return zlib.crc32(event_id.encode()) % LOCKS


def wait(seconds: float) -> bool:
    """Wait for the lock, which goes on being wanted."""
    time.sleep(seconds)
    return True


class HostLock:
    """One lock per event, nearly: events share 64 of them, which costs them a moment at worst."""

    def __init__(self, name: str) -> None:
        self._folder = shared_folder(name)

    @contextmanager
    def locked(self, event_id: str, meanwhile: Meanwhile = wait) -> Iterator[Lock]:
        """Hold the event's lock, or go on without it when it can't be had; tell which.

        `meanwhile` is called instead of sleeping.
        """
        with ExitStack() as held:
            lock = Lock.NOT_HAD
            with suppress(OSError):
                if self._folder is not None:
                    lock = self._acquire(self._folder, number_of(event_id), held, meanwhile)
            yield lock

    def _acquire(self, folder: Path, number: int, held: ExitStack, meanwhile: Meanwhile) -> Lock:
        """Lock for as long as `held` lasts, or give up after `PATIENCE_S`.

        Who waits for the lock holds the next-in-line lock in front of it, so that the one who has
        just had it can't take it again before them.
        """
        until = time.monotonic() + PATIENCE_S
        with _opened(folder / f"next-{number}") as next_in_line:
            lock = held.enter_context(_opened(folder / f"lock-{number}"))
            had = _lock(next_in_line, until, meanwhile, _PAUSE_IN_LINE_S)
            return _lock(lock, until, meanwhile, _PAUSE_S) if had is Lock.HELD else had


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _lock(file: int, until: float, meanwhile: Meanwhile, pause_s: float) -> Lock:
    """Lock a file of our own opening; closing it gives the lock back."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return Lock.NOT_HAD
            if not meanwhile(pause_s):
                return Lock.NOT_WANTED
        else:
            return Lock.HELD

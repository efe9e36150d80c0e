"""What the processes of one host share beside MongoDB: a folder that is ours alone, and a stamp.

The stamp is a number in memory that all processes of the host see, in a file of that folder. It
changes with every write beside the event queue, and so with every change of an account or a key,
before whoever asked for it is answered. So what was read while it had today's value is still so, as
far as this host goes; other hosts, and other users of this one, are not seen.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import stat
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_STAMP_BYTES = 8


def shared_folder(name: str) -> Path | None:
    """Return the folder that this user's processes share for a database; None where it is unsafe.

    Anybody may make a folder in /tmp: one that others could write to is not used.
    """
    folder = Path(tempfile.gettempdir()) / f"ticketing-{os.getuid()}-{name}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder if _is_ours(folder) else None


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


class Stamp:
    """A number that changes with every change that a process of this host has made."""

    def __init__(self, file: Path) -> None:
        # Whatever tidies /tmp leaves a folder alone that is locked (tmpfiles.d(5), "Age").
        self._folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(opened, _STAMP_BYTES)
            self._value = memoryview(mmap.mmap(opened, _STAMP_BYTES)).cast("Q")
        finally:
            os.close(opened)

    def read(self) -> int:
        """Return the number of this moment."""
        return self._value[0]

    def renew(self) -> None:
        """Change it: to a random one, so that two at once can't end where they began."""
        self._value[0] = secrets.randbits(64)


@lru_cache(maxsize=256)
def stamp_of(name: str) -> Stamp | None:
    """Return the stamp of a database; None where this host's processes can share none."""
    folder = shared_folder(name)
    try:
        return Stamp(folder / "stamp") if folder else None
    except OSError as error:
        log.warning("no_shared_stamp", error=type(error).__name__)
        return None


def renew_stamp(name: str) -> None:
    """Renew a database's stamp: something has changed, or may have."""
    if (stamp := stamp_of(name)) is not None:
        stamp.renew()

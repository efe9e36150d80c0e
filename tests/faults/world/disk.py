"""A small disk of its own, which can be filled without harm to the machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SIZE_MB = 700
_BALLAST = "ballast"
_CHUNK = b"\0" * 1_000_000


class NoDisk(Exception):
    """There is no right to mount one here; the text says what was tried."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a tmpfs on a new folder, which only root may do; raises NoDisk."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise NoDisk(str(error)) from None
    if done.returncode:
        raise NoDisk(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no byte of it free."""
    ballast = disk / _BALLAST
    try:
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(_CHUNK):
                pass
        yield
    finally:
        ballast.unlink()

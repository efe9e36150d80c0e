"""The folder in which the workers of one server count together for `/metrics`.

The server makes it before it forks and removes it when it ends. One that was killed can't: the next
server of the same user on this machine removes what no living process owns.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

# The library's own name for it, which it reads when the workers import it.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def make_folder() -> Path:
    """Make the folder of this process, for the workers that it will fork."""
    ours = f"ticketing-metrics-{os.getuid()}-"
    _remove_orphans(ours)
    folder = Path(tempfile.mkdtemp(prefix=f"{ours}{os.getpid()}-"))
    os.environ[VARIABLE] = str(folder)
    return folder


def forget_worker(folder: Path, pid: int) -> None:
    """Take what a dead worker had under way out of the sums; what it has counted stays.

    These are the files that `prometheus_client.multiprocess.mark_process_dead` removes. The library
    itself must not be imported here: it would be in the workers before there is a folder, and would
    have each of them count for itself.
    """
    for file in folder.glob(f"gauge_live*_{pid}.db"):
        with suppress(OSError):
            file.unlink()


def remove(folder: Path) -> None:
    """Remove the folder."""
    shutil.rmtree(folder, ignore_errors=True)


def _remove_orphans(ours: str) -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{ours}*"):
        owner = re.fullmatch(rf"{ours}([0-9]+)-.*", folder.name)
        if owner and not Path(f"/proc/{owner[1]}").exists() and Path("/proc/self").exists():
            remove(folder)

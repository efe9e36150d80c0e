"""How much processor time processes have used: what neighbours on the machine do is not in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def used_s(pids: Iterable[int]) -> float:
    """Return the seconds that these processes have used, with all of their threads."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * _TICK_S


def children_of(pid: int) -> list[int]:
    """Return the processes that this one has started: a server's workers."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

"""Workers of one server accept a fair share of connections each.

All workers wait on one listening socket, and whoever comes first takes a connection. A burst of
clients that keep their connections can so end up with one worker, while the others, and their
processors, have nothing to do for as long as the clients stay. So a worker that has more
connections than another lets that one go first, for a moment.
"""

from __future__ import annotations

import mmap
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

MOST_WORKERS = 256
PATIENCE_S = 0.003
_PAUSE_S = 0.0005
_ABSENT = -1
_ENDED = -2


class Shares:
    """How many connections each worker has, in memory that a server shares with its workers."""

    def __init__(self) -> None:
        self._memory = memoryview(mmap.mmap(-1, 4 * MOST_WORKERS)).cast("i")
        self._memory[:] = memoryview(b"\xff\xff\xff\xff" * MOST_WORKERS).cast("i")

    def tell(self, place: int, connections: int) -> None:
        """Record how many connections the worker in this place has."""
        self._memory[place] = connections

    def leave(self, place: int) -> None:
        """Record that the worker in this place accepts nothing more, or is gone."""
        self._memory[place] = _ABSENT

    def end(self, place: int) -> None:
        """Record that the worker in this place has ended in good order, with all of its threads."""
        self._memory[place] = _ENDED

    def has_ended(self, place: int) -> bool:
        """Return whether the worker that was in this place ended in good order."""
        return self._memory[place] == _ENDED

    def is_above_others(self, place: int) -> bool:
        """Return whether some other worker has fewer connections than this one."""
        mine = self._memory[place]
        return any(_ABSENT < other < mine for other in self._memory)


# Made in the server before it forks, and so the same for all of its workers.
SHARES = Shares()


class FairWorker(ThreadWorker):
    """gunicorn's threaded worker, which lets one with fewer connections go first."""

    # Set by the server before it forks.
    place = 0

    def has_threads_for_all(self) -> bool:
        """Return whether each connection could have a thread of its own."""
        return bool(self.nr_conns <= self.cfg.threads)

    def accept(self, listener: Any) -> None:
        """Accept a connection, after a moment in which another worker might: never much later."""
        self._tell()
        until = time.monotonic() + PATIENCE_S
        while SHARES.is_above_others(self.place) and time.monotonic() < until:
            time.sleep(_PAUSE_S)
        super().accept(listener)
        self._tell()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Do what gunicorn does, and record how many connections there are now."""
        super().wait_for_and_dispatch_events(timeout)
        self._tell()

    def _tell(self) -> None:
        if self.alive:
            SHARES.tell(self.place, self.nr_conns)
        else:
            SHARES.leave(self.place)

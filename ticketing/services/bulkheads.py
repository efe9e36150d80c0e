"""A bulkhead: what is expensive is done by one at a time, and few wait for it.

https://learn.microsoft.com/azure/architecture/patterns/bulkhead
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ticketing.domain.errors import TooManyRequests


class Bulkhead:
    """Lets one thread in at a time, a few wait, and refuses the others at once.

    Whoever is within may enter again.
    """

    def __init__(self, queue: int, patience_s: float) -> None:
        self._inside = threading.RLock()
        self._queue = queue
        self._patience_s = patience_s
        self._counting = threading.Lock()
        self.waiting = 0

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be the only one within this block; raises TooManyRequests where too many are waiting."""
        if not self._inside.acquire(blocking=False):
            self._wait()
        try:
            yield
        finally:
            self._inside.release()

    def _wait(self) -> None:
        with self._counting:
            if self.waiting >= self._queue:
                raise TooManyRequests
            self.waiting += 1
        try:
            if not self._inside.acquire(timeout=self._patience_s):
                raise TooManyRequests
        finally:
            with self._counting:
                self.waiting -= 1

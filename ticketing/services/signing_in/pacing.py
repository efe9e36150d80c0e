"""A flood of refusals goes out at a walking pace, so that it leaves the processor to others."""

from __future__ import annotations

import threading
import time


class Pacing:
    """Lets callers pass one after the other, with a pause between them; safe for threads."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._waiting = 0
        self._next = 0.0

    def wait(self, places: int) -> None:
        """Wait for one's turn, where fewer than so many are waiting; else pass at once.

        Each waits in its thread, of which there are few.
        """
        with self._lock:
            if self._waiting >= places:
                return
            self._waiting += 1
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._pause_s
        try:
            time.sleep(turn - now)
        finally:
            with self._lock:
                self._waiting -= 1

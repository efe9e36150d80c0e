"""Writes log lines for many threads, as many at once as have come together.

A thread that writes gives up the interpreter and has to wait for it again afterwards. So while one
thread writes, the others leave their lines to it.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import TextIO


class LogWriter:
    """A logger for structlog that writes to a file; safe for threads.

    Every line is with the file when the last thread that logs has returned. A file that takes
    nothing more fails no request: there is nowhere left to say so.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lines: deque[str] = deque()
        self._lock = threading.Lock()

    def msg(self, line: str) -> None:
        """Write a line, or leave it to the thread that writes just now."""
        self._lines.append(line)
        # Looked at again after each release: a line that came in between has nobody else.
        while self._lines and self._lock.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._lock.release()

    def _write(self) -> None:
        together = [self._lines.popleft() for _ in range(len(self._lines))]
        with suppress(OSError, ValueError):
            self._file.write("".join(f"{line}\n" for line in together))
            self._file.flush()

    debug = info = warning = error = critical = msg

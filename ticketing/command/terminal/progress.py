"""How far a command has come, on a terminal; a file or a pipe is told nothing."""

from __future__ import annotations

import sys
import time
from types import TracebackType

# Often enough to see that it goes on, too seldom to cost anything.
_EVERY_S = 0.1

_CLEARED = "\r\x1b[K"


class Progress:
    """A line on the terminal that is written anew, and gone after the block."""

    def __init__(self) -> None:
        self._out = sys.stderr
        self._next = 0.0
        self._shows = self._out.isatty()
        self._shown = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def tell(self, text: object) -> None:
        """Show how far it is; what comes too soon after the last is not shown."""
        if self._shows and (now := time.monotonic()) >= self._next:
            self._next = now + _EVERY_S
            self._shown = True
            self._out.write(f"{_CLEARED}{text} ...")
            self._out.flush()

    def clear(self) -> None:
        """Take the line away, since another is to be printed."""
        if self._shown:
            self._shown = False
            self._out.write(_CLEARED)
            self._out.flush()

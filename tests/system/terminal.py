"""A command on a terminal, as a person meets it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 60


class Terminal:
    """Start a command with `with`; it is ended after the block."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment
        self.seen = ""

    def __enter__(self) -> Terminal:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # Ctrl-C reaches those whose terminal it is.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)
        os.close(self._ours)

    def wait_for(self, text: str) -> None:
        """Wait until this has been printed."""
        until = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            assert time.monotonic() < until, self.seen
            assert self._read() or self.process.poll() is None, self.seen

    def type(self, line: str) -> None:
        """Type a line and press Return."""
        self.press(f"{line}\n")

    def press(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._ours, keys.encode())

    def press_until_it_ends(self, key: str) -> int:
        """Press a key until the command has ended, as a person would; return its exit code.

        Python looks for signals before it begins to read, and not at the very moment: one that
        comes just then is noticed with the next.
        """
        until = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < until, self.seen
            with suppress(OSError):  # it has just ended
                self.press(key)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        return self.wait()

    def wait(self) -> int:
        """Wait until the command has ended; return its exit code. What it printed then is seen."""
        code = self.process.wait(PATIENCE_S)
        while self._read():
            pass
        return code

    def _read(self) -> bool:
        """Read what there is; False where there is nothing."""
        if not select.select([self._ours], [], [], 0.1)[0]:
            return False
        try:
            told = os.read(self._ours, 65_536)
        except OSError:  # the other end is closed, in Linux's words
            return False
        self.seen += told.decode()
        return bool(told)

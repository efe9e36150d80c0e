"""`python -m ticketing` as its users start it, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.system.server import ROOT, clean_environment
from tests.system.waiting import NEVER_S
from ticketing.server.mongod import find_mongod

TICKETING = [sys.executable, "-m", "ticketing"]


def ticketing(
    *arguments: str,
    answers: str | None = None,
    environment: Mapping[str, str] | None = None,
    root: Path = ROOT,
    **settings: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with these settings, reading these answers."""
    return subprocess.run(
        [*TICKETING, *arguments],
        cwd=root,
        env={**clean_environment(**settings), **(environment or {})},
        input=answers,
        capture_output=True,
        text=True,
        timeout=NEVER_S,
        check=False,
    )


@contextmanager
def standalone_mongod(folder: Path, port: int) -> Iterator[None]:
    """Run a MongoDB that is no replica set, which the service can't work with."""
    (folder / "db").mkdir()
    process = subprocess.Popen(
        [str(find_mongod()), "--dbpath", str(folder / "db"), "--port", str(port),
         "--bind_ip", "127.0.0.1", "--nounixsocket"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        process.wait()


class Run:
    """Start it with `with`; it has greeted when the block begins and is gone after it."""

    def __init__(
        self,
        data: Path,
        port: int,
        *,
        program: Sequence[str] = TICKETING,
        folder: Path = ROOT,
        **settings: str,
    ) -> None:
        self.process = subprocess.Popen(
            [*program, "run", "--data", str(data)],
            cwd=folder,
            env=clean_environment(PORT=str(port), LOG_LEVEL="error", **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""

    def __enter__(self) -> Run:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C" in line:
                break
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=NEVER_S)

    def ctrl_c(self) -> None:
        """Press Ctrl-C, and wait until everything has ended."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=NEVER_S)
        self.said += rest


def shell(command: str) -> str:
    """Run a command that must succeed and return what it prints."""
    done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout

"""A real server: `python -m ticketing serve`, two workers, on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.client import Client
from tests.system.waiting import NEVER_S, eventually
from ticketing.server.mongod import free_port

ROOT = Path(__file__).parents[2]


def clean_environment(**settings: str) -> dict[str, str]:
    """This environment with these TICKETING_ settings and no others."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TICKETING_")}
    return {**inherited, **{f"TICKETING_{name}": value for name, value in settings.items()}}


class Server:
    """Start it with `with`; it is gone afterwards, however the test ends.

    It has started when the path `starts` answers with 200. `root` is where the service's code is.
    """

    def __init__(
        self,
        uri: str,
        database: str,
        log: Path,
        *,
        starts: str = "/readyz",
        root: Path = ROOT,
        environment: Mapping[str, str] | None = None,
        **settings: str,
    ) -> None:
        self._starts = starts
        self._root = root
        self.port = free_port()
        self._log = log
        self._environment = clean_environment(
            **{
                "MONGODB_URI": uri,
                "DATABASE": database,
                "AUTH": "open",
                "PORT": str(self.port),
                "WORKERS": "2",
                **settings,
            }
        ) | dict(environment or {})

    def __enter__(self) -> Server:
        self.restart()
        return self

    def restart(self) -> None:
        """Start the server, on the same port as before, and wait until it is up."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ticketing", "serve"],
                cwd=self._root,
                env=self._environment,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._await_start()
        except BaseException:
            self.kill()
            raise

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End the server and its workers as a crash would.

        All at once: a worker that was forked a moment ago would keep the port.
        """
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def client(self) -> Client:
        return Client(self.port)

    def workers(self) -> list[int]:
        """The workers' process ids."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, rest = stat.read_text().rsplit(")", 1)
                command = stat.with_name("cmdline").read_bytes()
            except OSError:
                continue
            if int(rest.split()[1]) == self.process.pid and b"gunicorn" in command:
                found.append(int(name.split()[0]))
        return found

    def kill_a_worker(self) -> None:
        """End a worker as a crash would."""
        os.kill(self.workers()[0], signal.SIGKILL)

    def stop(self) -> int:
        """Ask the server to end in good order; return its exit code."""
        self.process.terminate()
        return self.process.wait(NEVER_S)

    def _await_start(self) -> None:
        def is_up() -> bool:
            assert self.process.poll() is None, f"the server has ended:\n{self.log}"
            try:
                return self.client().get(self._starts).status == 200
            except OSError:
                return False

        eventually(is_up, "the server is ready")

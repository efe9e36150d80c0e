"""Hosts that are at a place of their own in a network, and how their clients come to them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.client import Answer, Client
from tests.system.server import Server
from tests.system.waiting import NEVER_S

# Whoever enters it is at a place.
Inside = Callable[[], AbstractContextManager[None]]


class Host(Server):
    """A server at a place: it listens at loopback there, and reaches MongoDB from there."""

    def __init__(self, uri: str, database: str, log: Path, inside: Inside, **known: Any) -> None:
        super().__init__(uri, database, log, **known)
        self.inside = inside

    def restart(self) -> None:
        with self.inside():
            super().restart()

    def client(self) -> Client:
        return Visitor(self.port, self.inside)


class Visitor(Client):
    """A client that is at the host's place whenever it asks; no cut lies between them."""

    def __init__(self, port: int, inside: Inside, timeout_s: float = NEVER_S) -> None:
        super().__init__(port, timeout_s)
        self._inside = inside

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        with self._inside():
            return super().request(method, path, body, **headers)

"""The client of the API for all that asks a server: tests, faults, benchmarks.

What asks the application within its own process has Flask's client instead, since it can look at
the request as well (`tests.api.documented`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, TypeVar

from tests.system.waiting import NEVER_S

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One client with one connection."""

    def __init__(self, port: int, timeout_s: float = NEVER_S) -> None:
        self.port = port
        self._connection = HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(self, path: str, body: object, **headers: str) -> Answer:
        return self.request("POST", path, body, **headers)

    def send(self, method: str, path: str) -> None:
        """Ask and don't wait for the answer."""
        self._connection.request(method, path)

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Ask once, on a new connection where the old one has been closed.

        Bytes go as they are, anything else as JSON.
        """
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request(method, path, data, sent)
            response = self._connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        except (HTTPException, OSError):
            self._connection.close()
            raise

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    # What the tests ask most.

    def create(self, **known: object) -> dict[str, Any]:
        event = {"name": "Gala", "date": "2024-10-31", "capacity": 10, "costPerTicket": 5, **known}
        answer = self.post("/api/v1/events", event)
        assert answer.status == 201, answer
        return answer.json  # type: ignore[no-any-return]

    def sell(self, event_id: str, tickets: int = 1, **headers: str) -> Answer:
        return self.post(
            "/api/v1/transactions", {"event": event_id, "nTickets": tickets}, **headers
        )

    def show(self, event_id: str) -> dict[str, Any]:
        return self.get(f"/api/v1/events/{event_id}").json  # type: ignore[no-any-return]


def timed(ask: Callable[[], T]) -> tuple[T, float]:
    """Ask, and tell how many seconds it took."""
    started = time.monotonic()
    answer = ask()
    return answer, time.monotonic() - started


def at_once(port: int, clients: int, ask: Callable[[Client, int], T], times: int = 1) -> list[T]:
    """Let so many clients ask at once, each so many times on its own connection."""

    def one(number: int) -> Iterable[T]:
        client = Client(port)
        try:
            return [ask(client, number * times + turn) for turn in range(times)]
        finally:
            client.close()

    with ThreadPoolExecutor(clients) as pool:
        return [answer for answers in pool.map(one, range(clients)) for answer in answers]

"""Good clients: each wish has a key, and is asked for again until there is an answer."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from uuid import uuid4

from tests.system.client import Answer, Client

AGAIN = {429, 500, 503}
PATIENCE_S = 40
PAUSE_S = 0.05


@dataclass
class Wish:
    """One thing that a client wants, what it was told, and how long that took."""

    key: str
    method: str
    path: str
    body: dict[str, Any] | None
    began: float
    answer: Answer | None = None
    attempts: int = 0
    longest_s: float = 0.0
    told: list[int] = field(default_factory=list)


class Crowd:
    """Clients that book, sell, cancel, reduce and pass on, on a few events, until told to stop."""

    def __init__(self, port: int, events: list[str], seed: int, clients: int = 12) -> None:
        self.port = port
        self.history: list[Wish] = []
        self._events = events
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._live, args=(random.Random(seed * 1000 + n),))
            for n in range(clients)
        ]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _live(self, chance: random.Random) -> None:
        client, mine = Client(self.port), []
        while not self._stop.is_set():
            wish = self._wish(chance, mine)
            self.history.append(wish)
            client = ask(client, wish, self.port)
            if wish.answer is not None and wish.answer.status in (201, 202):
                mine.append(wish.answer.headers["Location"])
        client.close()

    def _wish(self, chance: random.Random, mine: list[str]) -> Wish:
        event = chance.choice(self._events)
        kind = chance.choice(["book"] * 4 + ["sell"] * 4 + ["cancel"] * 2 + ["reduce", "transfer"])
        ours = [path for path in mine if "bookings" in path]
        if kind == "cancel" and mine:
            return _new("DELETE", chance.choice(mine))
        if kind == "reduce" and ours:
            return _new("PATCH", chance.choice(ours), {"nTickets": 1})
        if kind == "transfer" and ours:
            return _new("POST", f"{chance.choice(ours)}/transfer", {"to": uuid4().hex})
        if kind == "sell":
            body = {"event": event, "nTickets": chance.randint(1, 3)}
            return _new("POST", "/api/v1/transactions", body)
        body = {"customer": f"c{chance.randrange(400)}", "nTickets": chance.randint(1, 3)}
        return _new("POST", f"/api/v1/events/{event}/bookings", body)


def _new(method: str, path: str, body: dict[str, Any] | None = None) -> Wish:
    return Wish(uuid4().hex, method, path, body, time.monotonic())


def ask(client: Client, wish: Wish, port: int, patience_s: float = PATIENCE_S) -> Client:
    """Ask, and again with the same key, until there is a final answer or patience ends."""
    until = time.monotonic() + patience_s
    while True:
        wish.attempts += 1
        started = time.monotonic()
        try:
            answer = client.request(
                wish.method, wish.path, wish.body,
                Idempotency_Key=wish.key, X_Request_ID=wish.key,
            )  # fmt: skip
        except (HTTPException, OSError):
            client.close()
            client = Client(port)
        else:
            wish.told.append(answer.status)
            if answer.status not in AGAIN:
                wish.answer = answer
        wish.longest_s = max(wish.longest_s, time.monotonic() - started)
        if wish.answer is not None or time.monotonic() > until:
            return client
        time.sleep(PAUSE_S)

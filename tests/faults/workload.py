"""Good clients: each operation has a key, and is asked for again until there is an answer."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from uuid import uuid4

from tests.client import Answer, Client

AGAIN = {429, 500, 503}
PATIENCE_S = 90
TIMEOUT_S = 12
PAUSE_S = 0.05
READ_PAUSE_S = 0.03
IMPATIENCE_S = 0.05

# How many operations go over one connection, on average: a new one may lead to another worker.
ON_ONE_CONNECTION = 10


@dataclass
class Operation:
    """One thing that a client wants, what it was told, and when (seconds of one steady clock).

    `began` is when it was first asked; `ended` is when the answer was there, infinity before that.
    """

    key: str
    method: str
    path: str
    body: dict[str, Any] | None
    began: float
    ended: float = math.inf
    answer: Answer | None = None
    attempts: int = 0
    longest_s: float = 0.0
    told: list[int] = field(default_factory=list)

    @property
    def granted(self) -> bool:
        return self.answer is not None and self.answer.status < 300


@dataclass(frozen=True)
class Look:
    """What a client saw of an event, and between which moments."""

    event: str
    began: float
    ended: float
    sequence: int
    sold: int
    waiting: int


class Workload:
    """Clients that book, sell, cancel, reduce and pass on, on a few events, until told to stop.

    Two more only look, and one raises the capacity of the smallest event now and then.
    """

    def __init__(self, port: int, events: Sequence[str], seed: int, clients: int = 12) -> None:
        self.port = port
        self.history: list[Operation] = []
        self.looks: list[Look] = []
        self.refused = 0
        self.impatient = False
        self.events = events
        self._stop = threading.Event()
        chances = [random.Random(seed * 1000 + n) for n in range(clients + 3)]
        self._threads = [
            threading.Thread(target=live, args=(chance,))
            for live, chance in zip(
                [self._buy] * clients + [self._look] * 2 + [self._manage], chances, strict=True
            )
        ]

    def __enter__(self) -> Workload:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def fulfil(self, client: Client, operation: Operation) -> Client:
        """Ask, and again with the same key, until there is a final answer or patience ends.

        Returns the client to go on with: a connection that broke is not used again.
        """
        self.history.append(operation)
        until = time.monotonic() + PATIENCE_S
        while True:
            client = self._attempt(client, operation)
            if operation.answer is not None or time.monotonic() > until:
                return client
            time.sleep(PAUSE_S)

    def _attempt(self, client: Client, operation: Operation) -> Client:
        if self.impatient and operation.attempts < 2:
            client = Client(self.port, IMPATIENCE_S)
        operation.attempts += 1
        started = time.monotonic()
        try:
            answer = client.request(
                operation.method, operation.path, operation.body,
                Idempotency_Key=operation.key, X_Request_ID=operation.key,
            )  # fmt: skip
        except (HTTPException, OSError) as error:
            self.refused += isinstance(error, ConnectionRefusedError)
            client.close()
            client = Client(self.port, TIMEOUT_S)
        else:
            operation.told.append(answer.status)
            if is_final(answer):
                operation.answer, operation.ended = answer, time.monotonic()
        operation.longest_s = max(operation.longest_s, time.monotonic() - started)
        return client

    def _buy(self, chance: random.Random) -> None:
        client = Client(self.port, TIMEOUT_S)
        mine: list[str] = []
        while not self._stop.is_set():
            operation = self._operation(chance, mine)
            client = self.fulfil(client, operation)
            if operation.answer is not None and operation.answer.status in (201, 202):
                mine.append(operation.answer.headers["Location"])
            if chance.random() < 1 / ON_ONE_CONNECTION:
                client.close()
        client.close()

    def _operation(self, chance: random.Random, mine: list[str]) -> Operation:
        event = chance.choice(self.events)
        kind = chance.choice(["book"] * 4 + ["sell"] * 4 + ["cancel"] * 2 + ["reduce", "transfer"])
        ours = [path for path in mine if "bookings" in path]
        if kind == "cancel" and mine:
            return new_operation("DELETE", chance.choice(mine))
        if kind == "reduce" and ours:
            return new_operation("PATCH", chance.choice(ours), {"nTickets": 1})
        if kind == "transfer" and ours:
            return new_operation("POST", f"{chance.choice(ours)}/transfer", {"to": uuid4().hex})
        if kind == "sell":
            body = {"event": event, "nTickets": chance.randint(1, 3)}
            return new_operation("POST", "/api/v1/transactions", body)
        body = {"customer": f"c{chance.randrange(400)}", "nTickets": chance.randint(1, 3)}
        return new_operation("POST", f"/api/v1/events/{event}/bookings", body)

    def _look(self, chance: random.Random) -> None:
        client = Client(self.port, TIMEOUT_S)
        while not self._stop.wait(READ_PAUSE_S):
            event, began = chance.choice(self.events), time.monotonic()
            try:
                answer = client.get(f"/api/v1/events/{event}")
            except (HTTPException, OSError):
                client = Client(self.port, TIMEOUT_S)
                continue
            if answer.status == 200:
                self.looks.append(_seen(event, began, answer))
        client.close()

    def _manage(self, chance: random.Random) -> None:
        client, event = Client(self.port, TIMEOUT_S), self.events[0]
        while not self._stop.wait(chance.uniform(0.5, 1.5)):
            try:
                capacity = client.show(event)["capacity"] + chance.randint(1, 3)
            except (HTTPException, OSError, KeyError):
                client = Client(self.port, TIMEOUT_S)
                continue
            operation = new_operation("PATCH", f"/api/v1/events/{event}", {"capacity": capacity})
            client = self.fulfil(client, operation)
        client.close()


def is_final(answer: Answer) -> bool:
    """Tell whether there is no use in asking again."""
    if answer.status in AGAIN:
        return False
    return not (answer.status == 409 and answer.json["code"] == "request_in_flight")


def new_operation(method: str, path: str, body: dict[str, Any] | None = None) -> Operation:
    return Operation(uuid4().hex, method, path, body, time.monotonic())


def _seen(event: str, began: float, answer: Answer) -> Look:
    shown, sequence = answer.json, int(answer.headers["ETag"].strip('"'))
    return Look(event, began, time.monotonic(), sequence, shown["ticketsSold"], shown["waiting"])

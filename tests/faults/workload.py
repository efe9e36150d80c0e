"""Good clients: each operation has a key, and is asked for again until there is an answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from http.client import HTTPException

from tests.client import Answer, Client
from tests.faults.asking import Wallet, choose
from tests.faults.history import ListLook, Look, Operation, is_final, new_operation
from tests.faults.people import Asker, People

PATIENCE_S = 90
TIMEOUT_S = 12
PAUSE_S = 0.05
READ_PAUSE_S = 0.03
IMPATIENCE_S = 0.05

# How many operations go over one connection, on average: a new one may lead to another worker.
ON_ONE_CONNECTION = 10


class Workload:
    """Clients that do all that the counter and customers can, on a few events, until told to stop.

    Most are staff, who name their customers however they like; some are customers with an account,
    who act for themselves. Two more only look, and one raises the capacity of the smallest event
    now and then.
    """

    def __init__(
        self, port: int, events: Sequence[str], seed: int, people: People, clients: int = 12
    ) -> None:
        self.port = port
        self.history: list[Operation] = []
        self.looks: list[Look] = []
        self.lists: list[ListLook] = []
        self.refused = 0
        self.impatient = False
        self.events = events
        self.people = people
        self._codes: list[str] = []
        self._stop = threading.Event()
        askers = [*people.accounts, *[people.staff] * (clients - len(people.accounts))]
        chances = [random.Random(seed * 1000 + n) for n in range(clients + 3)]
        self._threads = [
            threading.Thread(target=self._buy, args=(chance, asker))
            for chance, asker in zip(chances, askers, strict=False)
        ] + [
            threading.Thread(target=live, args=(chance,))
            for live, chance in zip(
                [self._look] * 2 + [self._manage], chances[clients:], strict=True
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
                Authorization=operation.asker.authorization,
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

    def _buy(self, chance: random.Random, asker: Asker) -> None:
        client = Client(self.port, TIMEOUT_S)
        wallet = Wallet(self._codes)
        while not self._stop.is_set():
            operation = choose(chance, self.events, asker, wallet)
            client = self.fulfil(client, operation)
            if operation.answer is not None:
                wallet.keep(operation, operation.answer)
            if chance.random() < 1 / ON_ONE_CONNECTION:
                client.close()
        client.close()

    def _look(self, chance: random.Random) -> None:
        client = Client(self.port, TIMEOUT_S)
        while not self._stop.wait(READ_PAUSE_S):
            event = chance.choice(self.events)
            is_list = chance.random() < 1 / 4
            path = f"/api/v1/events/{event}" + ("/waiting-list" if is_list else "")
            began = time.monotonic()
            try:
                answer = self._see(client, path)
            except (HTTPException, OSError):
                client = Client(self.port, TIMEOUT_S)
                continue
            if answer.status == 200 and is_list:
                self.lists.append(_seen_list(event, began, answer))
            elif answer.status == 200:
                self.looks.append(_seen(event, began, answer))
        client.close()

    def _see(self, client: Client, path: str) -> Answer:
        return client.request("GET", path, Authorization=self.people.staff.authorization)

    def _manage(self, chance: random.Random) -> None:
        client, event = Client(self.port, TIMEOUT_S), self.events[0]
        path = f"/api/v1/events/{event}"
        while not self._stop.wait(chance.uniform(0.5, 1.5)):
            try:
                capacity = self._see(client, path).json["capacity"] + chance.randint(1, 3)
            except (HTTPException, OSError, KeyError):
                client = Client(self.port, TIMEOUT_S)
                continue
            operation = new_operation("PATCH", path, {"capacity": capacity}, self.people.staff)
            client = self.fulfil(client, operation)
        client.close()


def _seen(event: str, began: float, answer: Answer) -> Look:
    shown, sequence = answer.json, int(answer.headers["ETag"].strip('"'))
    return Look(
        event, began, time.monotonic(), sequence, shown["ticketsSold"], shown["waiting"], shown
    )


def _seen_list(event: str, began: float, answer: Answer) -> ListLook:
    page = answer.json
    return ListLook(event, began, time.monotonic(), page["items"], page.get("next") is not None)

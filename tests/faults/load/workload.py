"""Good clients: each operation has a key, and is asked for again until there is an answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from http.client import HTTPException
from itertools import count, cycle

from tests.client import Answer, Client
from tests.faults.load import pages
from tests.faults.load.asking import Wallet, choose
from tests.faults.load.books import look_into_the_books, sell_for_what_is_over
from tests.faults.load.history import (
    Look,
    Operation,
    Request,
    Sight,
    is_final,
    new_operation,
    route_of,
    subject_of,
)
from tests.faults.load.passing import come_and_leave, put_on_and_delete, visit
from tests.faults.load.people import Asker, People
from tests.faults.world.hosts import Inside, Visitor

API = "/api/v1"
PATIENCE_S = 90
# How long somebody goes on asking once everybody is told to stop.
AT_THE_END_S = 30
TIMEOUT_S = 12
PAUSE_S = 0.05
READ_PAUSE_S = 0.03
IMPATIENCE_S = 0.05

# How many operations go over one connection, on average: a new one leads to another host, or may
# lead to another worker.
ON_ONE_CONNECTION = 10

CLIENTS = 12

_FIRST_DAY = date(2030, 1, 1)

# Whoever changes details raises a capacity mostly, and sets a price now and then.
_CAPACITIES = 0.8


class Workload:
    """Clients that do all that the counter and customers can, on a few events, until told to stop.

    Most are staff, who name their customers however they like; some are customers with an account,
    who act for themselves. Two more only look, and one raises the capacity of the smallest event
    now and then, or gives it another price. Beside them some come and go (`passing.py`): `fleeting`
    are events that one of those has put on sale and is about to delete. Others keep the books
    (`books.py`), and sell for the events that are `over`.

    Their connections go to the hosts in turn; `doors` say by the port of each how to come to where
    it listens. Without `clients` nobody asks but whoever breaks something.
    """

    def __init__(
        self,
        doors: Mapping[int, Inside],
        seed: int,
        people: People,
        clients: int = CLIENTS,
    ) -> None:
        self.history: list[Operation] = []
        self.requests: list[Request] = []
        self.looks: list[Look] = []
        self.sights: list[Sight] = []
        self.fleeting: Sequence[str] = ()
        self.broken: list[str] = []
        self.refused = 0
        self.impatient = False
        self.events: list[str] = []
        self.over: list[str] = []
        self.people = people
        self._ports = cycle(doors)
        self._doors = doors
        self._days = count()
        self._codes: list[str] = []
        self._stop = threading.Event()
        self._threads = self._staffed(clients, seed) if clients else []

    def _staffed(self, clients: int, seed: int) -> list[threading.Thread]:
        people = self.people
        askers = [*people.accounts, *[people.staff] * (clients - len(people.accounts))]
        chances = [random.Random(seed * 1000 + n) for n in range(clients + 8)]
        return [
            threading.Thread(target=self._noting, args=(partial(self._buy, asker=asker), chance))
            for chance, asker in zip(chances, askers, strict=False)
        ] + [
            threading.Thread(target=self._noting, args=(live, chance))
            for live, chance in zip(
                [self._look, self._look, self._manage, *self._passing()],
                chances[clients:],
                strict=True,
            )
        ]

    def _passing(self) -> Sequence[Callable[[random.Random], None]]:
        lives = (
            put_on_and_delete, come_and_leave, visit, look_into_the_books, sell_for_what_is_over,
        )  # fmt: skip
        return [partial(live, self) for live in lives]

    def __enter__(self) -> Workload:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def connect(self, timeout_s: float = TIMEOUT_S) -> Client:
        """Return a client of the host whose turn it is."""
        return self.connect_to(next(self._ports), timeout_s)

    def connect_to(self, port: int, timeout_s: float = TIMEOUT_S) -> Client:
        """Return a client of this host."""
        return Visitor(port, self._doors[port], timeout_s)

    def elsewhere(self, client: Client, chance: random.Random) -> Client:
        """Now and then close a connection for one to the host whose turn it is."""
        if chance.random() >= 1 / 4:
            return client
        client.close()
        return self.connect()

    def new_day(self) -> str:
        """Return a day on which nothing is yet."""
        return (_FIRST_DAY + timedelta(next(self._days))).isoformat()

    def new_event(self, capacity: int, price: float, day: str | None = None) -> Operation:
        """Return what puts an event on a day that is free, or on this one."""
        body = {
            "name": "Gala",
            "date": day or self.new_day(),
            "capacity": capacity,
            "costPerTicket": price,
        }
        return new_operation("POST", f"{API}/events", body, self.people.staff)

    def open_event(self, capacity: int, price: float, day: str | None = None) -> str:
        """Put an event on sale; return its id."""
        operation = self.new_event(capacity, price, day)
        self.fulfil(self.connect(), operation).close()
        assert operation.answer is not None
        id_: str = operation.answer.json["id"]
        return id_

    def fulfil(
        self, client: Client, operation: Operation, patience_s: float = PATIENCE_S
    ) -> Client:
        """Ask, and again with the same key, until there is a final answer or patience ends.

        Returns the client to go on with: a connection that broke is not used again.
        """
        self.history.append(operation)
        until = time.monotonic() + patience_s
        while True:
            client = self._attempt(client, operation)
            if operation.answer is not None or time.monotonic() > until:
                return client
            time.sleep(PAUSE_S)
            if self._stop.is_set():
                until = min(until, time.monotonic() + AT_THE_END_S)

    def read(
        self,
        client: Client,
        kind: str,
        path: str,
        asker: Asker | None = None,
        behind: Sequence[str] = (),
    ) -> Answer:
        """Read something once, as staff or somebody else, a page where the path is that of one.

        `behind` are the rows of a list that somebody has read already. Raises as the client does
        where no answer comes.
        """
        asker = asker or self.people.staff
        is_page = not path.startswith(("/api/", "/status/"))
        sent = pages.headers(asker) if is_page else {"Authorization": asker.authorization}
        began, status = time.monotonic(), None
        try:
            answer = client.request("GET", path, **sent)
            status = answer.status
        finally:
            self._note(kind, client, began, status, route_of("GET", path), is_read=True)
        if is_final(answer):
            ended = time.monotonic()
            self.sights.append(
                Sight(
                    kind, subject_of(path), began, ended, answer.status, answer.body, path, behind
                )
            )
        return answer

    @property
    def is_over(self) -> bool:
        """Whether everybody has been told to stop."""
        return self._stop.is_set()

    def first_change(self, since: float, port: int | None = None) -> float | None:
        """Return when the first change was granted that was asked for since then, at that host."""
        return min(
            (
                request.ended
                for request in self.requests[:]
                if request.is_granted and not request.is_read
                if request.began >= since and port in (None, request.port)
            ),
            default=None,
        )

    def _note(
        self,
        kind: str,
        client: Client,
        began: float,
        status: int | None,
        route: str,
        *,
        is_read: bool = False,
    ) -> None:
        ended = time.monotonic()
        self.requests.append(Request(kind, client.port, began, ended, status, is_read, route))

    def _attempt(self, client: Client, operation: Operation) -> Client:
        if self.impatient and operation.attempts < 2:
            client = self.connect(IMPATIENCE_S)
        operation.attempts += 1
        operation.ports.append(client.port)
        started, status = time.monotonic(), None
        asked = client
        try:
            answer = ask(client, operation)
        except (HTTPException, OSError) as error:
            self.refused += isinstance(error, ConnectionRefusedError)
            client.close()
            client = self.connect()
        else:
            status = answer.status
            operation.told.append(status)
            if is_final(answer):
                operation.answer, operation.ended = answer, time.monotonic()
        route = route_of(operation.method, operation.path)
        self._note(operation.asks_for, asked, started, status, route)
        operation.longest_s = max(operation.longest_s, time.monotonic() - started)
        return client

    def _noting(self, live: Callable[[random.Random], None], chance: random.Random) -> None:
        """Note what ends a client before its time: it was told what it does not understand."""
        try:
            live(chance)
        except Exception as error:
            self.broken.append(f"a client broke off: {error!r}")
            raise

    def _buy(self, chance: random.Random, asker: Asker) -> None:
        client = self.connect()
        wallet = Wallet(self._codes)
        while not self._stop.is_set():
            operation = choose(chance, self._open_to(asker), asker, wallet)
            client = self.fulfil(client, operation)
            if operation.answer is not None:
                wallet.keep(operation)
            if chance.random() < 1 / ON_ONE_CONNECTION:
                client.close()
                client = self.connect()
        client.close()

    def _open_to(self, asker: Asker) -> Sequence[str]:
        """Return which events somebody may choose; the last is the largest."""
        return [*self.fleeting, *self.events] if asker.person is None else self.events

    def _look(self, chance: random.Random) -> None:
        client = self.connect()
        while not self._stop.wait(READ_PAUSE_S):
            event = chance.choice(self.events)
            is_list = chance.random() < 1 / 4
            path = f"{API}/events/{event}" + ("/waiting-list" if is_list else "")
            began = time.monotonic()
            try:
                answer = self.read(client, "waiting list" if is_list else "event", path)
            except (HTTPException, OSError):
                client = self.connect()
                continue
            if answer.status == 200 and not is_list:
                self.looks.append(_seen(event, began, answer))
            if chance.random() < 1 / ON_ONE_CONNECTION:
                client.close()
                client = self.connect()
        client.close()

    def _manage(self, chance: random.Random) -> None:
        client, path = self.connect(), f"{API}/events/{self.events[0]}"
        while not self._stop.wait(chance.uniform(0.5, 1.5)):
            try:
                capacity = self.read(client, "event", path).json["capacity"] + chance.randint(1, 3)
            except (HTTPException, OSError, KeyError):
                client = self.connect()
                continue
            change: dict[str, object] = {"capacity": capacity}
            if chance.random() > _CAPACITIES:
                change = {"costPerTicket": chance.randint(1, 40) / 4}
            operation = new_operation("PATCH", path, change, self.people.staff)
            client = self.fulfil(client, operation)
        client.close()


def ask(client: Client, operation: Operation) -> Answer:
    """Ask for something once."""
    if operation.form is not None:
        return pages.send(client, operation)
    return client.request(
        operation.method, operation.path, operation.body,
        Idempotency_Key=operation.key, X_Request_ID=operation.key,
        Authorization=operation.asker.authorization,
    )  # fmt: skip


def _seen(event: str, began: float, answer: Answer) -> Look:
    shown, sequence = answer.json, int(answer.headers["ETag"].strip('"'))
    return Look(
        event, began, time.monotonic(), sequence, shown["ticketsSold"], shown["waiting"], shown
    )

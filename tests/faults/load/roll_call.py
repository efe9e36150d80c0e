"""The roll is called once a fault is over: every kind of request is asked for at every host.

The load goes on meanwhile. What makes something has an event of its own first, so that it can be
granted, which is then opened to everybody and called off; what is contended is asked for on the
events of the load as well, where a refusal is an answer, too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from tests.client import Answer
from tests.faults.judging.liveness import TURN_S
from tests.faults.load import briefs, pages
from tests.faults.load.books import read_pages
from tests.faults.load.history import Operation, is_final, new_operation
from tests.faults.load.workload import API, PAUSE_S, Workload

# How long the load meets an event before it is called off.
_OPEN_S = 0.3


def call_the_roll(workload: Workload, ports: Sequence[int]) -> list[str]:
    """Ask every host for everything; return what was refused though nothing speaks against it."""
    with ThreadPoolExecutor(len(ports)) as pool:
        found = list(pool.map(lambda port: _Roll(workload, port).call(), ports))
    return [text for texts in found for text in texts]


class _Roll:
    """One client of one host."""

    def __init__(self, workload: Workload, port: int) -> None:
        self._workload = workload
        self._client = workload.connect_to(port)
        self._port = port
        self._refused: list[str] = []
        self._loaded = list(workload.events)

    def call(self) -> list[str]:
        created = self._fulfil(self._workload.new_event(4, 5))
        if created is None:
            return [f"{self._port}: no event could be made"]
        event = f"{API}/events/{created['id']}"
        self._change(created["id"], event)
        self._reads(created["id"], event)
        self._by_the_briefs()
        self._delete()
        self._leave(created["id"], event)
        self._pages(created["id"])
        self._contend()
        self._call_off(created["id"], event)
        self._client.close()
        return self._refused

    def _change(self, id_: str, event: str) -> None:
        """Ask for each change of bookings and details, one after the other, on an own event."""
        sale = self._ask("POST", f"{API}/transactions", {"event": id_, "nTickets": 1})
        booked = self._ask("POST", f"{event}/bookings", self._customer(nTickets=2))
        waits = self._ask("POST", f"{event}/bookings", self._customer(nTickets=3, waitlist=True))
        if not (sale and booked and waits):
            return
        booking = f"{API}/bookings/{booked['id']}"
        self._ask("DELETE", f"{API}/bookings/{waits['id']}")
        self._ask("PATCH", booking, {"nTickets": 3}, name="add tickets")
        self._ask("PATCH", booking, {"nTickets": 1}, name="keep fewer")
        to = self._customer()
        self._ask("POST", f"{booking}/transfer", {"to": to["customer"]}, person=to["customer"])
        self._ask("POST", f"{booking}/transfer", {})
        self._ask("DELETE", f"{booking}/transfer")
        offer = self._ask("POST", f"{booking}/transfer", {})
        if offer:
            self._ask("POST", f"{API}/transfers", {"code": offer["code"], **self._customer()})
        self._read("audit", f"{event}/audit?booking={booked['id']}")
        self._read("audit", f"{event}/audit?{urlencode({'customer': to['customer']})}")
        self._read("booking", booking)
        self._read("customer", f"{API}/customers/{booked['customerId']}")
        self._read("transaction", f"{API}/transactions/{sale['id']}")
        self._ask("DELETE", f"{API}/transactions/{sale['id']}")
        self._ask("PATCH", event, {"costPerTicket": 6})
        self._ask("PATCH", event, {"capacity": 9})
        self._ask("PATCH", event, {"date": self._workload.new_day()})
        self._try("POST", f"{booking}/move", {"event": self._loaded[-1]})

    def _reads(self, id_: str, event: str) -> None:
        self._read("event", event)
        self._read("status", f"{event}/status")
        self._read("audit", f"{event}/audit")
        self._read("waiting list", f"{event}/waiting-list")
        self._read("events", f"{API}/events?limit=10")
        self._read("bookings", f"{API}/bookings?event={id_}")
        self._read("transactions", f"{API}/transactions?event={id_}")
        self._read("figures of the counter", f"{API}/transactions/summary?event={id_}")
        self._read("statistics", f"{API}/statistics/monthly")

    def _by_the_briefs(self) -> None:
        """Ask for each action of the briefs, at both places, on events that are made by them.

        Whoever cancels first lets somebody off the waiting list.
        """
        staff = self._workload.people.staff
        for place in briefs.PREFIXES:
            id_, names = uuid4().hex, [f"Roll {uuid4().hex}" for _ in range(2)]
            self._grant(briefs.initialize(place, id_, 3, 5, staff))
            for name in names:
                self._grant(briefs.book(place, id_, 3, staff, name, name))
            self._read(f"GET {place}/status/{{id}}", briefs.status_path(place, id_))
            for name in names:
                self._grant(briefs.cancel(place, id_, staff, name, name))

    def _delete(self) -> None:
        """Delete an event that nobody has booked; somebody else's may then have its day."""
        day = self._workload.new_day()
        for _ in range(2):
            created = self._fulfil(self._workload.new_event(4, 5, day))
            if created is None:
                self._refused.append(f"{self._port}: no event could be made on {day}")
                return
            self._ask("DELETE", f"{API}/events/{created['id']}")

    def _leave(self, id_: str, event: str) -> None:
        """Erase somebody who has booked."""
        name = f"Leaver {uuid4().hex}"
        booked = self._ask("POST", f"{event}/bookings", {"customer": name, "nTickets": 1})
        if booked is None:
            return
        customer = f"{API}/customers/{booked['customerId']}"
        self._read("export", f"{customer}/export")
        self._ask("POST", f"{customer}/erasure", person=name)
        self._read("bookings", f"{API}/bookings?event={id_}")

    def _pages(self, id_: str) -> None:
        """Look at each page, and book by the form of one."""
        self._read("calendar page", "/")
        self._read("office calendar", "/office")
        page = self._read("event page", f"/events/{id_}")
        self._read("office event page", f"/office/events/{id_}")
        name, staff = f"Roll {uuid4().hex}", self._workload.people.staff
        sent = None if page is None else pages.filled(page, id_, 1, staff, name, name)
        if sent is None:
            self._refused.append(f"{self._port}: the page of an event has no form")
            return
        self._grant(sent)
        answer = pages.as_of_the_api(sent).answer
        if sent.granted and answer is not None:
            self._read("booking page", f"/bookings/{answer.json['id']}")

    def _contend(self) -> None:
        """Ask for what everybody wants, where everybody is."""
        for id_ in self._loaded:
            event = f"{API}/events/{id_}"
            self._try("POST", f"{API}/transactions", {"event": id_, "nTickets": 1})
            self._try("POST", f"{event}/bookings", self._customer(nTickets=1))
            with suppress(HTTPException, OSError):
                client, path = self._workload.connect_to(self._port), f"{event}/waiting-list"
                read_pages(self._workload, client, "waiting list", path, {"limit": 2}, 3)
            shown = self._read("event", event)
            if shown is not None:
                self._try("PATCH", event, {"capacity": shown.json["capacity"] + 1})

    def _call_off(self, id_: str, event: str) -> None:
        """Call the event off while everybody wants some of it."""
        self._workload.events.insert(0, id_)
        time.sleep(_OPEN_S)
        self._ask("POST", f"{event}/cancellation")
        self._read("cancellation", f"{event}/cancellation")

    def _customer(self, **more: object) -> dict[str, Any]:
        return {"customer": f"Roll {uuid4().hex}", **more}

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        name: str = "",
        person: str | None = None,
    ) -> dict[str, Any] | None:
        """Ask for what has to be granted."""
        return self._grant(self._operation(method, path, body, name, person))

    def _grant(self, operation: Operation) -> dict[str, Any] | None:
        answer = self._fulfil(operation)
        if operation.answer is not None and not operation.granted:
            self._refused.append(
                f"{self._port}: {operation.asks_for}: {operation.answer.status} on an own event"
            )
        return answer

    def _try(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Ask for what a rule may refuse."""
        self._fulfil(self._operation(method, path, body))

    def _operation(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        name: str = "",
        person: str | None = None,
    ) -> Operation:
        person = person or (body or {}).get("customer")
        operation = new_operation(method, path, body, self._workload.people.staff, person)
        operation.name = name
        return operation

    def _fulfil(self, operation: Operation) -> dict[str, Any] | None:
        self._client = self._workload.fulfil(self._client, operation, TURN_S)
        if not operation.granted or operation.answer is None:
            return None
        is_empty = operation.via == "page" or not operation.answer.body
        answer: dict[str, Any] = {} if is_empty else operation.answer.json
        return answer

    def _read(self, kind: str, path: str) -> Answer | None:
        """Read until there is an answer, or the time for it is over; None where it is refused."""
        until = time.monotonic() + TURN_S
        while time.monotonic() < until:
            try:
                answer = self._workload.read(self._client, kind, path)
            except (HTTPException, OSError):
                self._client = self._workload.connect_to(self._port)
                continue
            if is_final(answer):
                if answer.status != 200:
                    self._refused.append(f"{self._port}: {kind}: {answer.status}")
                    return None
                return answer
            time.sleep(PAUSE_S)
        return None

"""Histories and trails for the tests of the judges, written line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.client import Answer
from tests.faults.judging.past.court import Court, summon
from tests.faults.load.history import Operation
from tests.faults.load.people import Asker

STAFF = Asker("staff")
# Who takes sales back.
OTHER = "other"
# When trails begin; each entry is two seconds after the one before.
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
_keys = count()


class Trail:
    """The entries of one event, and the operations behind them, a second each."""

    def __init__(
        self, event: str = "e1", capacity: int = 3, price: int = 500, day: str = "2030-01-01"
    ) -> None:
        self.event = event
        self.entries: list[dict[str, Any]] = []
        self.history: list[Operation] = []
        details = {"name": "Gala", "venue": None, "day": day, "capacity": capacity, "price": price}
        changes = {name: [None, value] for name, value in details.items()}
        self.add("created", None, "", changes=changes)

    def add(
        self,
        action: str,
        booking: str | None,
        key: str,
        customer: str | None = None,
        tickets: int | None = None,
        total: int | None = None,
        *,
        sold: int = 0,
        waiting: int = 0,
        actor: str = "staff",
        changes: dict[str, Any] | None = None,
    ) -> Trail:
        """Add an entry."""
        number = len(self.entries) + 1
        self.entries.append({
            "event": self.event, "sequence": number, "action": action,
            "booking": booking, "request_id": key, "customer": customer, "tickets": tickets,
            "total": total, "sold": sold, "waiting": waiting, "actor": actor,
            "changes": changes or {}, "at": NOON + timedelta(seconds=2 * number),
            "hash": f"h{number}",
        })  # fmt: skip
        return self

    def asked(self, operation: Operation) -> Trail:
        """Add an operation to the history."""
        self.history.append(operation)
        return self

    @property
    def now(self) -> float:
        """When the next is asked: each entry takes two seconds."""
        return 2.0 * len(self.entries)


def court(*trails: Trail) -> Court:
    """Bring events together before the judges."""
    history = [operation for trail in trails for operation in trail.history]
    return summon(history, [], entries(trails))


def entries(trails: Iterable[Trail]) -> list[dict[str, Any]]:
    return [entry for trail in trails for entry in trail.entries]


def asked(
    method: str,
    path: str,
    body: dict[str, Any] | None,
    status: int,
    told: dict[str, Any],
    *,
    key: str | None = None,
    began: float = 0.0,
    asker: Asker = STAFF,
    person: str | None = None,
) -> Operation:
    """Write down what somebody asked and was told, within a second."""
    answer = Answer(status, {}, json.dumps(told).encode())
    return Operation(
        key or f"r{next(_keys)}", method, f"/api/v1{path}", body, began, began + 1.0, answer,
        asker=asker, person=person or asker.person,
    )  # fmt: skip


def booking(
    id_: str = "b1", customer: str = "c1", tickets: int = 2, total: float | None = 10, **more: Any
) -> dict[str, Any]:
    """Write a booking as answers do."""
    return {
        "id": id_, "event": "e1", "customerId": customer, "nTickets": tickets, "total": total,
        "status": "waiting" if total is None else "confirmed", **more,
    }  # fmt: skip


def booked(trail: Trail, id_: str = "b1", person: str = "p1", tickets: int = 2) -> Trail:
    """Let a person book, who is the customer `c` with the same number; their answer is sound."""
    customer, sold = f"c{person[1:]}", tickets + trail.entries[-1]["sold"]
    key = f"book {id_}"
    trail.asked(asked(
        "POST", f"/events/{trail.event}/bookings", {"customer": person, "nTickets": tickets}, 201,
        booking(id_, customer, tickets, tickets * 5, event=trail.event), key=key, began=trail.now,
        person=person,
    ))  # fmt: skip
    return trail.add("booked", id_, key, customer, tickets, tickets * 500, sold=sold)


def waits(trail: Trail, id_: str, person: str, tickets: int = 1, **told: Any) -> Trail:
    """Let a person join the waiting list; `told` is what their answer says otherwise."""
    customer, last, key = f"c{person[1:]}", trail.entries[-1], f"book {id_}"
    position = last["waiting"] + 1
    trail.asked(asked(
        "POST", f"/events/{trail.event}/bookings", {"customer": person, "nTickets": tickets}, 202,
        booking(id_, customer, tickets, None, **{"position": position, **told}), key=key,
        began=trail.now, person=person,
    ))  # fmt: skip
    return trail.add(
        "waitlisted", id_, key, customer, tickets, None, sold=last["sold"], waiting=position
    )


def sold(trail: Trail, id_: str, tickets: int = 1) -> Trail:
    """Sell some over the counter."""
    body, key = {"event": trail.event, "nTickets": tickets}, f"sell {id_}"
    told = {"id": id_, "event": trail.event}
    trail.asked(asked("POST", "/transactions", body, 201, told, key=key, began=trail.now))
    taken = trail.entries[-1]["sold"] + tickets
    return trail.add("sold", id_, key, None, tickets, tickets * 500, sold=taken)


def returned(trail: Trail, id_: str, tickets: int = 1) -> Trail:
    """Take a sale back."""
    key = f"return {id_}"
    path = f"/transactions/{id_}"
    trail.asked(asked("DELETE", path, None, 200, {}, key=key, began=trail.now))
    left = trail.entries[-1]["sold"] - tickets
    changes = {"status": ["confirmed", "cancelled"], "reason": [None, "staff"]}
    return trail.add(
        "returned", id_, key, None, tickets, tickets * 500, sold=left, changes=changes,
        actor=OTHER,
    )  # fmt: skip

"""What a client asks for next: everything that customers and the counter can."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.load import briefs
from tests.faults.load.history import Operation, new_operation
from tests.faults.load.people import Asker, somebody

API = "/api/v1"
_LARGEST = 4

# How many of the newest codes one of which is tried: some are used, taken back or void by then.
_NEWEST = 6

_OF_STAFF = {
    "book": 5, "sell": 4, "cancel": 2, "resize": 2, "move": 1.5, "pass on": 1, "offer": 2,
    "accept": 3, "withdraw": 0.5, "cancel for": 1,
}  # fmt: skip
# Who has an account buys and passes on again and again, mostly for one event: so the limit is met.
_OF_CUSTOMERS = {"book": 6, "offer": 4, "resize": 2, "cancel": 0.5, "accept": 1, "withdraw": 0.2,
                 "cancel for": 0.3}  # fmt: skip

# How many of all bookings are made by the routes of the briefs.
_BY_A_BRIEF = 1 / 4


@dataclass
class Wallet:
    """What one client has bought, and the codes that everybody has been given.

    `names` are who has booked by a route of the briefs, which event, and as whom they were named.
    """

    codes: list[str]
    bookings: list[str] = field(default_factory=list)
    sales: list[str] = field(default_factory=list)
    names: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def keep(self, operation: Operation) -> None:
        """Put away what an answer has brought."""
        if not operation.granted or operation.name.endswith("/cancel"):
            return
        if operation.via == "brief":
            body = operation.body or {}
            self.names.append((body["event_id"], operation.person, body.get("user")))
        operation = briefs.as_of_the_api(operation)
        told = operation.answer.json if operation.answer else {}
        if operation.kind == "offer":
            self.codes.append(told["code"])
        elif operation.kind == "sell":
            self.sales.append(told["id"])
        elif operation.kind in ("book", "accept") and told["id"] not in self.bookings:
            self.bookings.append(told["id"])


def choose(chance: random.Random, events: Sequence[str], asker: Asker, wallet: Wallet) -> Operation:
    """Choose what somebody asks next."""
    kinds = _OF_STAFF if asker.person is None else _OF_CUSTOMERS
    (kind,) = chance.choices([*kinds], [*kinds.values()])
    if kind == "accept" and wallet.codes:
        person, customer = _whoever(chance, asker)
        body = {"code": chance.choice(wallet.codes[-_NEWEST:]), **customer}
        return new_operation("POST", f"{API}/transfers", body, asker, person)
    if kind == "cancel for":
        return _cancel_for(chance, events, asker, wallet)
    if kind == "sell":
        body = {"event": chance.choice(events), "nTickets": chance.randint(1, 3)}
        return new_operation("POST", f"{API}/transactions", body, asker)
    if kind == "cancel" and wallet.sales and chance.random() < 1 / 2:
        return new_operation(
            "DELETE", f"{API}/transactions/{chance.choice(wallet.sales)}", asker=asker
        )
    if kind not in ("book", "accept") and wallet.bookings:
        return _on_one(kind, chance, events, asker, chance.choice(wallet.bookings))
    return _book(chance, events, asker)


def _cancel_for(
    chance: random.Random, events: Sequence[str], asker: Asker, wallet: Wallet
) -> Operation:
    """Cancel by the name that somebody has booked under; where nobody has, whoever it is."""
    event, (person, customer) = chance.choice(events), _whoever(chance, asker)
    known = event, person, customer.get("customer")
    event, who, named = chance.choice(wallet.names) if wallet.names else known
    return briefs.cancel(briefs.any_place(chance), event, asker, who, named)


def _book(chance: random.Random, events: Sequence[str], asker: Asker) -> Operation:
    person, customer = _whoever(chance, asker)
    tickets = chance.randint(1, 3)
    if chance.random() < _BY_A_BRIEF:
        place, event = briefs.any_place(chance), chance.choice(events)
        return briefs.book(place, event, tickets, asker, person, customer.get("customer"))
    body = {**customer, "nTickets": tickets}
    if chance.random() < 1 / 8:
        body["waitlist"] = chance.random() < 1 / 2
    largest = asker.person is not None and chance.random() < 1 / 2
    path = f"{API}/events/{events[-1] if largest else chance.choice(events)}/bookings"
    return new_operation("POST", path, body, asker, person)


def _on_one(
    kind: str, chance: random.Random, events: Sequence[str], asker: Asker, booking: str
) -> Operation:
    path = f"{API}/bookings/{booking}"
    person, customer = _whoever(chance, asker)
    if kind == "resize":
        return new_operation("PATCH", path, {"nTickets": chance.randint(1, _LARGEST)}, asker)
    if kind == "pass on":
        to = {"to": customer["customer"]}
        return new_operation("POST", f"{path}/transfer", to, asker, person)
    if kind == "offer":
        return new_operation("POST", f"{path}/transfer", {}, asker)
    if kind == "withdraw":
        return new_operation("DELETE", f"{path}/transfer", None, asker)
    if kind == "move":
        return new_operation("POST", f"{path}/move", {"event": chance.choice(events)}, asker)
    return new_operation("DELETE", path, None, asker)


def _whoever(chance: random.Random, asker: Asker) -> tuple[str, dict[str, Any]]:
    """Return whom something is for, and how a request says so: themselves, where no staff asks."""
    if asker.person is not None:
        return asker.person, {}
    person, spelling = somebody(chance)
    return person, {"customer": spelling}

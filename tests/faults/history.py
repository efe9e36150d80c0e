"""What clients wanted, were told and saw, and when."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.client import Answer
from tests.faults.people import Asker

NOBODY = Asker("")


@dataclass
class Operation:
    """One thing that a client wants, what it was told, and when (seconds of one steady clock).

    `began` is when it was first asked; `ended` is when the answer was there, infinity before that.
    `person` is who is meant by the name in it, or by whoever asks for themselves.
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
    asker: Asker = NOBODY
    person: str | None = None

    @property
    def granted(self) -> bool:
        return self.answer is not None and self.answer.status < 300

    @property
    def kind(self) -> str:
        """What it asks for, in two words."""
        parts = self.path.split("/")[3:]
        if self.method == "POST" and parts[-1] == "transfer":
            return "pass on" if self.body else "offer"
        return _KINDS[self.method, *parts[:1], *parts[2:]]

    @property
    def subject(self) -> str:
        """The id in its path."""
        parts = self.path.split("/")
        return parts[4] if len(parts) > 4 else ""


_KINDS = {
    ("POST", "transactions"): "sell",
    ("DELETE", "transactions"): "return",
    ("POST", "events"): "create",
    ("PATCH", "events"): "change",
    ("POST", "events", "bookings"): "book",
    ("PATCH", "bookings"): "resize",
    ("DELETE", "bookings"): "cancel",
    ("DELETE", "bookings", "transfer"): "withdraw",
    ("POST", "bookings", "move"): "move",
    ("POST", "transfers"): "accept",
}


@dataclass(frozen=True)
class Look:
    """What a client saw of an event, and between which moments."""

    event: str
    began: float
    ended: float
    sequence: int
    sold: int
    waiting: int
    shown: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ListLook:
    """What a client saw of the beginning of a waiting list."""

    event: str
    began: float
    ended: float
    items: Sequence[Mapping[str, Any]]
    goes_on: bool


def new_operation(
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    asker: Asker = NOBODY,
    person: str | None = None,
) -> Operation:
    return Operation(
        uuid4().hex,
        method,
        path,
        body,
        time.monotonic(),
        asker=asker,
        person=person or asker.person,
    )


AGAIN = {429, 500, 503}


def is_final(answer: Answer) -> bool:
    """Tell whether there is no use in asking again."""
    if answer.status in AGAIN:
        return False
    return not (answer.status == 409 and answer.json["code"] == "request_in_flight")

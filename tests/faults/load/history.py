"""What clients wanted, were told and saw, and when."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl
from uuid import uuid4

from tests.client import Answer
from tests.faults.load.people import Asker

NOBODY = Asker("")

Via = Literal["api", "brief", "page"]


@dataclass(frozen=True)
class Form:
    """The fields of a form that was filled in, and the cookie that it was shown with."""

    fields: Mapping[str, str]
    cookie: str


@dataclass
class Operation:
    """One thing that a client wants, what it was told, and when (seconds of one steady clock).

    `began` is when it was first asked; `ended` is when the answer was there, infinity before that.
    `person` is who is meant by the name in it, or by whoever asks for themselves. `ports` are those
    of the hosts that were asked, one for each attempt. `via` says whether it is asked of the API
    itself, by a route of the briefs, or with the `form` of a page; `path` and `body` are then what
    is sent there, and the judges get what the API itself would have been asked and told
    (`as_of_the_api` of `tests.faults.load.briefs` and `pages`).
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
    ports: list[int] = field(default_factory=list)
    asker: Asker = NOBODY
    person: str | None = None
    name: str = ""
    via: Via = "api"
    form: Form | None = None

    @property
    def granted(self) -> bool:
        return self.answer is not None and self.answer.status < 400

    @property
    def kind(self) -> str:
        """What it asks for, in two words."""
        parts = self.path.split("/")[3:]
        if self.method == "POST" and parts[-1] == "transfer":
            return "pass on" if self.body else "offer"
        return _KINDS[self.method, *parts[:1], *parts[2:]]

    @property
    def asks_for(self) -> str:
        """Its kind, as the table of kinds names it: finer than the judges need."""
        body = self.body or {}
        if self.name:
            return self.name
        if self.kind == "change":
            return _CHANGES[next(iter(body))]
        return "wait" if self.kind == "book" and body.get("waitlist") else self.kind

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
    ("DELETE", "events"): "delete",
    ("POST", "events", "bookings"): "book",
    ("POST", "events", "cancellation"): "call off",
    ("POST", "events", "cancel"): "cancel for",
    ("PATCH", "bookings"): "resize",
    ("DELETE", "bookings"): "cancel",
    ("DELETE", "bookings", "transfer"): "withdraw",
    ("POST", "bookings", "move"): "move",
    ("POST", "transfers"): "accept",
    ("POST", "customers", "erasure"): "erase",
}
_CHANGES = {
    "capacity": "change capacity",
    "costPerTicket": "change price",
    "date": "change date",
}


@dataclass(frozen=True)
class Request:
    """One request of a client, of a command or a read: what, where, when, and what became of it.

    `status` is None where no answer came; `route` is as `route_of` writes it.
    """

    kind: str
    port: int
    began: float
    ended: float
    status: int | None
    is_read: bool = False
    route: str = ""

    @property
    def took_s(self) -> float:
        return self.ended - self.began

    @property
    def is_answered(self) -> bool:
        """Whether it was decided: granted, or refused by a rule."""
        return self.status is not None and self.status not in AGAIN

    @property
    def is_granted(self) -> bool:
        return self.status is not None and self.status < 400


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
class Sight:
    """What a read has shown, as it came; `kind` is as in `Request`, `subject` an id in its path.

    `path` is with its query; `behind` are the rows of the pages before, where a list was read on.
    """

    kind: str
    subject: str
    began: float
    ended: float
    status: int
    body: bytes
    path: str = ""
    behind: Sequence[str] = ()

    @property
    def query(self) -> Mapping[str, str]:
        """What its path asks for; nothing twice."""
        return dict(parse_qsl(self.path.partition("?")[2]))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


# No other part of a path is as long as an id.
_ID_LENGTH = 20

# Not decided: who is told so asks again.
AGAIN = {429, 500, 503}


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


def row_id(row: Mapping[str, Any]) -> str:
    """Return what tells the rows of a list apart: an entry's number, or the id of what it is of."""
    names = "sequence", "id", "booking", "transaction"
    return str(next((row[name] for name in names if row.get(name) is not None), ""))


def subject_of(path: str) -> str:
    """Return the id in a path, which is long; nothing where it has none."""
    return next((part for part in _parts(path) if len(part) >= _ID_LENGTH), "")


def route_of(method: str, path: str) -> str:
    """Write a request as the OpenAPI document names its operation."""
    parts = ("{id}" if len(part) >= _ID_LENGTH else part for part in _parts(path))
    return f"{method} {'/'.join(parts)}"


def _parts(path: str) -> list[str]:
    return path.partition("?")[0].split("/")


def is_final(answer: Answer) -> bool:
    """Tell whether there is no use in asking again."""
    if answer.status in AGAIN:
        return False
    return not (answer.status == 409 and b"request_in_flight" in answer.body)

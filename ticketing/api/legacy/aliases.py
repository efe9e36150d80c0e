"""The briefs' clients: the same actions under other names, in one table.

Every spelling is understood at every place; two different values for one thing are a fault. What
is taken more loosely here than elsewhere is named in this module: ids, customers and days by the
`Loose…` fields, and `PATHS` are where open mode refuses no credentials
(`ticketing.api.auth.access`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from marshmallow import Schema

from ticketing.api.schemas.fields import (
    LooseCustomer,
    LooseDay,
    LooseId,
    Money,
    NewEventId,
    Text,
    WholeNumber,
    absent,
    loose_text,
)
from ticketing.api.schemas.inputs import Input
from ticketing.domain.commands.events import Create
from ticketing.domain.events import MAX_CAPACITY, MAX_PRICE
from ticketing.domain.identity.customers import NamedCustomer

ALIASES = {
    "name": ("name", "event_name", "title"),
    "capacity": ("capacity", "available_tickets", "totalTickets"),
    "event": ("event_id", "eventId", "event"),
    "customer": ("user", "userId", "userEmail", "customer"),
}

# Of these `1` and `"1"` are the same; of the rest a string is not a number.
_IDS = {"event", "customer"}

# Where errors also say `error: true` and `message`, and open mode takes any name that is given.
PATHS = re.compile(r"/(api/events/)?(initialize|book|cancel|status)(/.*)?")


@dataclass(frozen=True, slots=True)
class InitializeRequest:
    """An event to be made, or made anew where it has this id."""

    command: Create
    id: str | None


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Whose booking for which event is to be cancelled."""

    event: str
    customer: NamedCustomer | None


@dataclass(frozen=True, slots=True)
class BookRequest:
    """Who wants how many tickets of which event."""

    event: str
    customer: NamedCustomer | None
    tickets: int


class Aliased(Schema):
    """Of a request in any of the spellings."""

    @ma.pre_load
    def _unite(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        united = dict(data)
        for name, aliases in ALIASES.items():
            found = {s: united.pop(s) for s in aliases if s in united}
            comparable = _as_id if name in _IDS else _as_sent
            if len({comparable(value) for value in found.values()}) > 1:
                raise ma.ValidationError({s: ["Two values for one thing."] for s in found})
            if found and name in self.fields:
                united[name] = next(iter(found.values()))
            else:
                united |= found
        return united


class Initialize(Aliased, Input[InitializeRequest]):
    """A new event; day and price may be left out.

    The name is also understood as `event_name` or `title`, the capacity as `available_tickets` or
    `totalTickets`.
    """

    name = Text(1, 200, required=True)
    capacity = WholeNumber(1, MAX_CAPACITY, required=True)
    day = LooseDay(data_key="date", load_default=absent, allow_none=False)
    venue = Text(0, 200, blank=True, load_default=absent, allow_none=False)
    price = Money(maximum=MAX_PRICE, data_key="costPerTicket", load_default=0)
    id = NewEventId(load_default=absent, allow_none=False)

    def value(self, data: dict[str, Any]) -> InitializeRequest:
        """Return the command, apart from what it is executed on."""
        id_ = data.pop("id")
        return InitializeRequest(Create(**data, replaces=True), id_)


class EventAndCustomer(Aliased):
    """Which event, and who.

    The event as `event_id` or `eventId`, who as `user`, `userId` or `userEmail`.
    """

    event = LooseId(required=True)
    customer = LooseCustomer(load_default=absent, allow_none=False)


class BookOrCancel(EventAndCustomer, Input[CancelRequest]):
    """What to cancel."""


class BookAction(EventAndCustomer, Input[BookRequest]):
    """What to book."""

    tickets = WholeNumber(1, MAX_CAPACITY, data_key="nTickets", load_default=1)


def _as_id(value: object) -> object:
    """Return a value in which `1` and `"1"` are the same."""
    try:
        return loose_text(value)
    except ma.ValidationError:
        return _as_sent(value)


def _as_sent(value: object) -> object:
    """Return a value that differs where only Python takes two for equal, such as 1 and true."""
    return type(value).__name__, str(value)


INITIALIZE = Initialize()
BOOK = BookAction()
CANCEL = BookOrCancel()
ALL = (INITIALIZE, BOOK, CANCEL)

"""Events: what comes in, what goes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, cast

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.bookings import Assigned, Assigning
from ticketing.api.schemas.fields import (
    Bound,
    ChainHead,
    Day,
    Instant,
    Money,
    NamePart,
    Text,
    WholeNumber,
    absent,
)
from ticketing.api.schemas.inputs import Input, SomeFields
from ticketing.api.schemas.pages import Page, PageFields, PageRequest
from ticketing.domain.commands.events import Change, Create, EventDetails
from ticketing.domain.events import MAX_CAPACITY, MAX_PRICE, MAX_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsRequest(PageRequest):
    """Which events to list, and in which order.

    Those from the first to the last of these days, of one status, changed since a moment, or with a
    part of their name.
    """

    first: date | None
    last: date | None
    part: str | None
    status: Literal["scheduled", "cancelled"] | None
    updated_since: datetime | None
    order: Literal["day", "created"]


class NewEvent(Input[Create]):
    """What an event needs."""

    name = Text(1, MAX_TEXT, required=True)
    day = Day(required=True, data_key="date")
    capacity = WholeNumber(1, MAX_CAPACITY, required=True)
    price = Money(maximum=MAX_PRICE, required=True, data_key="costPerTicket")
    venue = Text(0, MAX_TEXT, blank=True, load_default=absent, allow_none=False)


class EventChange(SomeFields, Input[Change]):
    """The details that get new values; at least one."""

    name = Text(1, MAX_TEXT)
    day = Day(data_key="date")
    capacity = WholeNumber(1, MAX_CAPACITY)
    price = Money(maximum=MAX_PRICE, data_key="costPerTicket")
    venue = Text(0, MAX_TEXT, blank=True)

    def value(self, data: dict[str, Any]) -> Change:
        """Return the change to the details that were sent, and to no others."""
        return Change(cast(EventDetails, data))


class Event(Schema):
    """An event and its figures; `revenue` is there for staff."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    venue = fields.String(required=True, allow_none=True)
    day = Day(required=True, allow_none=True, data_key="date")
    capacity = fields.Integer(required=True)
    price = Money(required=True, data_key="costPerTicket")
    sold = fields.Integer(required=True, data_key="ticketsSold")
    available = fields.Integer(required=True, data_key="ticketsAvailable")
    bookings = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    status = fields.String(required=True, validate=ma.validate.OneOf(["scheduled", "cancelled"]))
    revenue = Money()
    created_at = Instant(required=True, data_key="createdAt")
    head = ChainHead()


class ChangedEvent(Assigning, Event):
    """An event after a change; it says who got tickets where somebody did."""

    assigned = fields.List(fields.Nested(Assigned))
    assigned_count = fields.Integer(data_key="assignedCount")


class EventPage(Page):
    """Some events, by day, and where to go on."""

    items = fields.List(fields.Nested(Event), required=True)


class EventQuery(PageFields, Input[EventsRequest]):
    """Which events to list."""

    first = Day(data_key="from", load_default=absent)
    last = Day(data_key="to", load_default=absent)
    part = NamePart(1, 200, data_key="name", load_default=absent, allow_none=False)
    status = fields.String(
        load_default=absent,
        allow_none=False,
        validate=ma.validate.OneOf(["scheduled", "cancelled"]),
    )
    updated_since = Bound(data_key="updatedSince", load_default=absent, allow_none=False)
    order = fields.String(load_default="day", validate=ma.validate.OneOf(["day", "created"]))


class EventFigures(Schema):
    """An event's figures from one moment."""

    name = fields.String(required=True)
    capacity = fields.Integer(required=True)
    sold = fields.Integer(required=True, data_key="ticketsSold")
    available = fields.Integer(required=True, data_key="ticketsAvailable")
    bookings = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    status = fields.String(required=True, validate=ma.validate.OneOf(["scheduled", "cancelled"]))


NEW_EVENT = NewEvent()
EVENT_CHANGE = EventChange()
EVENT = Event()
CHANGED_EVENT = ChangedEvent()
EVENT_PAGE = EventPage()
EVENT_QUERY = EventQuery()
EVENT_STATUS = EventFigures()
PUBLIC_EVENT = Event(exclude=["revenue"])
PUBLIC_EVENT_PAGE = EventPage(exclude=["items.revenue"])

"""Where the outside's spelling stops: camelCase, days and decimals in, typed values out.

Instances, not classes: a class would be built anew for each request.
"""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.fields import Day, Id, Instant, Money, Percentage, QueryNumber, Text, WholeNumber
from ticketing.domain.events import MAX_CAPACITY, MAX_PRICE

MAX_PAGE = 100
DEFAULT_PAGE = 50
MAX_MONTHS = 60
DEFAULT_MONTHS = 12


def absent() -> None:
    """Stand for a value that was not sent (a plain None would be documented as a default)."""


class NewEvent(Schema):
    """What an event needs."""

    name = Text(1, 200, required=True)
    day = Day(required=True, data_key="date")
    capacity = WholeNumber(1, MAX_CAPACITY, required=True)
    price = Money(maximum=MAX_PRICE, required=True, data_key="costPerTicket")
    venue = Text(0, 200, blank=True, load_default=absent, allow_none=False)


class EventChange(Schema):
    """The details that get new values; at least one."""

    name = Text(1, 200)
    day = Day(data_key="date")
    capacity = WholeNumber(1, MAX_CAPACITY)
    price = Money(maximum=MAX_PRICE, data_key="costPerTicket")
    venue = Text(0, 200, blank=True)

    @ma.validates_schema
    def _something(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not data:
            raise ma.ValidationError("Nothing to change.")


class Event(Schema):
    """An event and its figures."""

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
    revenue = Money(required=True)
    created_at = Instant(required=True, data_key="createdAt")


class EventPage(Schema):
    """Some events, by day, and where to go on."""

    items = fields.List(fields.Nested(Event), required=True)
    next = fields.String(required=True, allow_none=True)


class EventQuery(Schema):
    """Which events to list."""

    first = Day(data_key="from", load_default=absent)
    last = Day(data_key="to", load_default=absent)
    limit = QueryNumber(1, MAX_PAGE, load_default=DEFAULT_PAGE)
    cursor = fields.String(load_default=absent, allow_none=False)


class NewTransaction(Schema):
    """A sale over the counter."""

    event = Id(required=True)
    tickets = WholeNumber(1, MAX_CAPACITY, required=True, data_key="nTickets")


class Transaction(Schema):
    """A sale over the counter, as it was made."""

    id = fields.String(required=True)
    event = fields.String(required=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    total = Money(required=True)
    status = fields.String(required=True, validate=ma.validate.OneOf(["confirmed", "cancelled"]))
    created_at = Instant(required=True, data_key="createdAt")


class Assigned(Schema):
    """A booking that got freed tickets."""

    id = fields.String(required=True)
    customer = fields.String(required=True)
    tickets = fields.Integer(required=True, data_key="nTickets")


class ReturnedTransaction(Transaction):
    """A sale whose tickets were given back, and the bookings that got them."""

    assigned = fields.List(fields.Nested(Assigned), required=True)
    assigned_count = fields.Integer(required=True, data_key="assignedCount")

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Take the sale's own fields from the booking that was given back."""
        source = obj if attr.startswith("assigned") else obj.booking
        return super().get_attribute(source, attr, default)


class StatisticsQuery(Schema):
    """Which months."""

    months = QueryNumber(1, MAX_MONTHS, load_default=DEFAULT_MONTHS)
    window = fields.String(
        load_default="current", validate=ma.validate.OneOf(["current", "complete"])
    )


class Month(Schema):
    """A month's figures; `averageTicketsSold` is the mean of the events' percentages."""

    year = fields.Integer(required=True)
    month = fields.Integer(required=True)
    revenue = Money(required=True)
    events = fields.Integer(required=True, data_key="nEvents")
    average = Percentage(
        required=True, data_key="averageTicketsSold", attribute="average_tickets_sold"
    )


class Health(Schema):
    """That the process lives."""

    status = fields.String(required=True)


class Readiness(Schema):
    """Whether requests can be served, and if not, why."""

    status = fields.String(required=True)
    database = fields.String(required=True)
    migrations = fields.String(required=True)
    warnings = fields.List(fields.String(), required=True)


class Problem(Schema):
    """RFC 9457; `code` never changes, `errors` tells the faults of each field."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    errors = fields.Dict(keys=fields.String())
    available = fields.Integer()


NEW_EVENT = NewEvent()
EVENT_CHANGE = EventChange()
EVENT = Event()
EVENT_PAGE = EventPage()
EVENT_QUERY = EventQuery()
NEW_TRANSACTION = NewTransaction()
TRANSACTION = Transaction()
RETURNED_TRANSACTION = ReturnedTransaction()
STATISTICS_QUERY = StatisticsQuery()
MONTH = Month()
MONTHS = Month(many=True)
HEALTH = Health()
READINESS = Readiness()
PROBLEM = Problem()

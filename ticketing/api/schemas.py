"""Where the outside's spelling stops: camelCase, days and decimals in, typed values out.

Instances, not classes: a class would be built anew for each request.
"""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.fields import (
    ChangedFields,
    CustomerName,
    Day,
    Email,
    Flag,
    Id,
    Instant,
    Money,
    Password,
    Percentage,
    QueryNumber,
    Text,
    WholeNumber,
)
from ticketing.domain.events import MAX_CAPACITY, MAX_PRICE
from ticketing.domain.outcomes import MOST_NAMED, Changed
from ticketing.domain.users import ROLES

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
    """A booking that got freed tickets; `customer` is told to staff only."""

    id = fields.String(required=True)
    customer = CustomerName(required=True, allow_none=True)
    tickets = fields.Integer(required=True, data_key="nTickets")


class Assigning(Schema):
    """What freed tickets: the first 100 bookings that got them, and how many did in this commit."""

    assigned = fields.List(fields.Nested(Assigned), required=True)
    assigned_count = fields.Integer(required=True, data_key="assignedCount")

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Take what is not about assigning from the booking or the event itself."""
        if attr == "assigned":
            return obj.assigned[:MOST_NAMED]
        if attr in ("assigned_count", "position"):
            return getattr(obj, attr)
        return super().get_attribute(subject_of(obj), attr, default)


def subject_of(obj: Any) -> Any:
    """Return the booking or the event that an outcome is about."""
    return obj.event if isinstance(obj, Changed) else obj.booking


class ReturnedTransaction(Assigning, Transaction):
    """A sale whose tickets were given back."""


class ChangedEvent(Assigning, Event):
    """An event whose change gave somebody tickets."""


class NewBooking(Schema):
    """What a customer wants; `customer` names them where staff asks."""

    tickets = WholeNumber(1, MAX_CAPACITY, data_key="nTickets", load_default=1)
    waitlist = Flag(load_default=absent, allow_none=False)
    customer = CustomerName(load_default=absent, allow_none=False)


class BookingReduction(Schema):
    """How many tickets stay."""

    tickets = WholeNumber(1, MAX_CAPACITY, required=True, data_key="nTickets")


class Transfer(Schema):
    """Who gets the booking."""

    to = CustomerName(required=True)


class Booking(Schema):
    """A customer's booking; `position` is there while it waits, `total` once it is confirmed."""

    id = fields.String(required=True)
    event = fields.String(required=True)
    customer = CustomerName(required=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    status = fields.String(
        required=True, validate=ma.validate.OneOf(["confirmed", "waiting", "cancelled"])
    )
    position = fields.Integer()
    total = Money(required=True, allow_none=True)
    created_at = Instant(required=True, data_key="createdAt")

    @ma.post_dump
    def _leave_out_no_position(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {k: v for k, v in data.items() if k != "position" or v is not None}


class HeldBooking(Assigning, Booking):
    """A booking after a change, and who got the tickets that it freed."""


class Placed(Schema):
    """Of a booking together with its place in the list."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Take all but the position from the booking."""
        return obj.position if attr == "position" else getattr(obj.booking, attr)


class MadeBooking(Placed, Booking):
    """A booking as it was made or is shown."""


class BookingPage(Schema):
    """Some bookings, and where to go on; without their places in the list."""

    items = fields.List(fields.Nested(Booking), required=True)
    next = fields.String(required=True, allow_none=True)


class BookingQuery(Schema):
    """Which bookings to list."""

    event = Id(load_default=absent, allow_none=False)
    customer = CustomerName(load_default=absent, allow_none=False)
    status = fields.String(
        load_default=absent,
        allow_none=False,
        validate=ma.validate.OneOf(["confirmed", "waiting", "cancelled"]),
    )
    limit = QueryNumber(1, MAX_PAGE, load_default=DEFAULT_PAGE)
    cursor = fields.String(load_default=absent, allow_none=False)


class Waiting(Placed):
    """Somebody who waits, and their place in the list."""

    position = fields.Integer(required=True)
    id = fields.String(required=True)
    customer = CustomerName(required=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    created_at = Instant(required=True, data_key="createdAt")


class WaitingPage(Schema):
    """A part of the waiting list, and where to go on."""

    items = fields.List(fields.Nested(Waiting), required=True)
    next = fields.String(required=True, allow_none=True)


class PageQuery(Schema):
    """Which part of a list."""

    limit = QueryNumber(1, MAX_PAGE, load_default=DEFAULT_PAGE)
    cursor = fields.String(load_default=absent, allow_none=False)


class EventStatus(Schema):
    """An event's figures from one moment."""

    name = fields.String(required=True)
    capacity = fields.Integer(required=True)
    sold = fields.Integer(required=True, data_key="ticketsSold")
    available = fields.Integer(required=True, data_key="ticketsAvailable")
    bookings = fields.Integer(required=True)
    waiting = fields.Integer(required=True)


class Owed(Schema):
    """A booking or a sale whose money has to be given back."""

    id = fields.String(required=True)
    customer = CustomerName(required=True, allow_none=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    total = Money(required=True)


class CalledOff(Schema):
    """An event that was called off, and who is owed what."""

    event = fields.Nested(Event, required=True)
    owed = fields.List(fields.Nested(Owed), required=True)
    owed_total = Money(required=True, data_key="owedTotal")


class AuditEntry(Schema):
    """One accepted change: `sold` and `waiting` are the event's counters after it."""

    sequence = fields.Integer(required=True)
    action = fields.String(required=True)
    booking = fields.String(required=True, allow_none=True)
    customer = CustomerName(required=True, allow_none=True)
    tickets = fields.Integer(required=True, allow_none=True, data_key="nTickets")
    total = Money(required=True, allow_none=True)
    sold = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    changes = ChangedFields(required=True)
    actor = fields.String(required=True)
    at = Instant(required=True)
    request_id = fields.String(required=True, data_key="requestId")


class AuditPage(Schema):
    """A part of the trail, and where to go on."""

    items = fields.List(fields.Nested(AuditEntry), required=True)
    next = fields.String(required=True, allow_none=True)


class AuditQuery(PageQuery):
    """Which entries to list."""

    booking = Id(load_default=absent, allow_none=False)
    customer = CustomerName(load_default=absent, allow_none=False)


class NewUser(Schema):
    """Who wants to sign in from now on."""

    email = Email(required=True)
    password = Password(required=True)


class UserChange(Schema):
    """What an administrator changes; at least one."""

    role = fields.String(validate=ma.validate.OneOf(ROLES))
    active = Flag()
    password = Password()

    @ma.validates_schema
    def _something(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not data:
            raise ma.ValidationError("Nothing to change.")


class OwnPassword(Schema):
    """A new password, by somebody who knows the current one."""

    current = fields.String(required=True, data_key="currentPassword")
    password = Password(required=True)


class User(Schema):
    """Somebody who can sign in."""

    id = fields.String(required=True)
    email = fields.String(required=True)
    role = fields.Function(
        lambda user: user.role.word, metadata={"type": "string", "enum": list(ROLES)}
    )
    active = fields.Boolean(required=True)
    created_at = Instant(required=True, data_key="createdAt")


class UserPage(Schema):
    """Some users, and where to go on."""

    items = fields.List(fields.Nested(User), required=True)
    next = fields.String(required=True, allow_none=True)


class Token(Schema):
    """A token for `Authorization: Bearer`, good for so many seconds."""

    token = fields.String(required=True)
    token_type = fields.String(required=True, data_key="tokenType")
    expires_in = fields.Integer(required=True, data_key="expiresIn")


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


class Anything(Schema):
    """An object whose fields docs/api.md tells: the briefs' own envelopes."""

    class Meta:
        """Say that there are fields which are not listed."""

        unknown = ma.INCLUDE


class Problem(Schema):
    """RFC 9457; `code` never changes, `errors` tells the faults of each field.

    Some codes tell more: `available` tickets, for one. The briefs' actions add `error` and
    `message`.
    """

    class Meta:
        """Say that there are fields which are not listed."""

        unknown = ma.INCLUDE

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
CHANGED_EVENT = ChangedEvent()
NEW_BOOKING = NewBooking()
BOOKING_REDUCTION = BookingReduction()
TRANSFER = Transfer()
MADE_BOOKING = MadeBooking()
HELD_BOOKING = HeldBooking()
BOOKING_PAGE = BookingPage()
BOOKING_QUERY = BookingQuery()
PAGE_QUERY = PageQuery()
WAITING_PAGE = WaitingPage()
EVENT_STATUS = EventStatus()
CALLED_OFF = CalledOff()
AUDIT_PAGE = AuditPage()
AUDIT_QUERY = AuditQuery()
STATISTICS_QUERY = StatisticsQuery()
MONTH = Month()
MONTHS = Month(many=True)
HEALTH = Health()
READINESS = Readiness()
ANYTHING = Anything()
NEW_USER = NewUser()
USER_CHANGE = UserChange()
OWN_PASSWORD = OwnPassword()
USER = User()
USER_PAGE = UserPage()
TOKEN = Token()
PUBLIC_EVENT = Event(exclude=["revenue"])
PUBLIC_EVENT_PAGE = EventPage(exclude=["items.revenue"])
PROBLEM = Problem()

"""Customers' bookings and the waiting list."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.assigning import Assigning
from ticketing.api.schemas.ending import Ending, without_none
from ticketing.api.schemas.fields import (
    CustomerId,
    CustomerName,
    Flag,
    Id,
    Instant,
    Money,
    WholeNumber,
    absent,
)
from ticketing.api.schemas.pages import Page, PageQuery
from ticketing.domain.events import MAX_CAPACITY


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


class Booking(Ending):
    """A customer's booking; `position` is there while it waits, `total` once it is confirmed."""

    id = fields.String(required=True)
    event = fields.String(required=True)
    customer = CustomerName(required=True, allow_none=True)
    customer_id = CustomerId(required=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    status = fields.String(
        required=True, validate=ma.validate.OneOf(["confirmed", "waiting", "cancelled"])
    )
    position = fields.Integer()
    total = Money(required=True, allow_none=True)
    created_at = Instant(required=True, data_key="createdAt")

    _leave_out_no_position = without_none("position")


class HeldBooking(Assigning, Booking):
    """A booking after a change, and who got the tickets that it freed."""


class Placed(Schema):
    """Of a booking together with its place in the list."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Take all but the position from the booking."""
        return obj.position if attr == "position" else getattr(obj.booking, attr)


class MadeBooking(Placed, Booking):
    """A booking as it was made or is shown."""


class BookingPage(Page):
    """Some bookings, and where to go on; without their places in the list."""

    items = fields.List(fields.Nested(Booking), required=True)


class BookingQuery(PageQuery):
    """Which bookings to list."""

    event = Id(load_default=absent, allow_none=False)
    customer = CustomerName(load_default=absent, allow_none=False)
    status = fields.String(
        load_default=absent,
        allow_none=False,
        validate=ma.validate.OneOf(["confirmed", "waiting", "cancelled"]),
    )


class Waiting(Placed):
    """Somebody who waits, and their place in the list."""

    position = fields.Integer(required=True)
    id = fields.String(required=True)
    customer = CustomerName(required=True, allow_none=True)
    customer_id = CustomerId(required=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    created_at = Instant(required=True, data_key="createdAt")


class WaitingPage(Page):
    """A part of the waiting list, and where to go on."""

    items = fields.List(fields.Nested(Waiting), required=True)


NEW_BOOKING = NewBooking()
BOOKING_REDUCTION = BookingReduction()
TRANSFER = Transfer()
MADE_BOOKING = MadeBooking()
HELD_BOOKING = HeldBooking()
BOOKING_PAGE = BookingPage()
BOOKING_QUERY = BookingQuery()
WAITING_PAGE = WaitingPage()

"""Customers' bookings, and who got the tickets that came free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.fields import (
    ChainHead,
    CustomerId,
    CustomerName,
    Flag,
    Id,
    Instant,
    Money,
    NamePart,
    Sparse,
    WholeNumber,
    absent,
)
from ticketing.api.schemas.inputs import Input
from ticketing.api.schemas.pages import Page, PageFields, PageRequest
from ticketing.domain.bookings import REASONS, BookingStatus
from ticketing.domain.changes.results import MOST_NAMED, BookingResult, EventResult
from ticketing.domain.events import MAX_CAPACITY
from ticketing.domain.identity.customers import MAX_NAME, NamedCustomer


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What somebody wants to book; without `customer`, for themselves."""

    tickets: int
    waitlist: bool | None
    customer: NamedCustomer | None


@dataclass(frozen=True, slots=True)
class SizeRequest:
    """How many tickets a booking is to have."""

    tickets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingsRequest(PageRequest):
    """Which bookings to list: of one event, customer or status, where one is named.

    `part` is one of the customer's name.
    """

    event: str | None
    customer: NamedCustomer | None
    status: BookingStatus | None
    part: str | None


class NewBooking(Input[BookingRequest]):
    """What a customer wants; `customer` names them where staff asks."""

    tickets = WholeNumber(1, MAX_CAPACITY, data_key="nTickets", load_default=1)
    waitlist = Flag(load_default=absent, allow_none=False)
    customer = CustomerName(load_default=absent, allow_none=False)


class BookingSize(Input[SizeRequest]):
    """How many tickets the booking is to have."""

    tickets = WholeNumber(1, MAX_CAPACITY, required=True, data_key="nTickets")


class Ending(Sparse):
    """When and why it was cancelled; left out of what is not."""

    cancelled_at = Instant(data_key="cancelledAt")
    reason = fields.String(validate=ma.validate.OneOf(REASONS))


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


class Assigned(Schema):
    """A booking that got freed tickets; `customer` is shown to staff only."""

    id = fields.String(required=True)
    customer = CustomerName(required=True, allow_none=True)
    tickets = fields.Integer(required=True, data_key="nTickets")


# What a result says of the booking or the event that it is about.
_BESIDE = {"position", "head", "assigned", "assigned_count"}


class OfResult(Schema):
    """Of a result: the booking or the event that it is about, and what stands beside it."""

    # What is shown is a dict by then (`_flatten`).
    get_attribute = staticmethod(dict.get)  # type: ignore[assignment]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._shown = [field.attribute or name for name, field in self.dump_fields.items()]

    @ma.pre_dump
    def _flatten(self, result: BookingResult | EventResult, **kwargs: Any) -> dict[str, Any]:
        subject = result.event if isinstance(result, EventResult) else result.booking
        return {name: getattr(result if name in _BESIDE else subject, name) for name in self._shown}


class Assigning(OfResult):
    """What freed tickets: the first 100 bookings that got them, and how many did in this commit."""

    assigned = fields.List(fields.Nested(Assigned), required=True)
    assigned_count = fields.Integer(required=True, data_key="assignedCount")

    @ma.pre_dump
    def _flatten(self, result: BookingResult | EventResult, **kwargs: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super()._flatten(result)
        return shown | {"assigned": result.assigned[:MOST_NAMED]}


class Receipt(Schema):
    """What proves later that something came to be: `head`, to be kept by whoever got it."""

    head = ChainHead()


class HeldBooking(Receipt, Assigning, Booking):
    """A booking after a change, and who got the tickets that it freed."""


class MadeBooking(OfResult, Booking):
    """A booking as it is shown."""


class BookingReceipt(Receipt, MadeBooking):
    """A booking as it was made."""


class BookingPage(Page):
    """Some bookings, and where to go on; without their places in the list."""

    items = fields.List(fields.Nested(Booking), required=True)


class BookingQuery(PageFields, Input[BookingsRequest]):
    """Which bookings to list."""

    event = Id(load_default=absent, allow_none=False)
    customer = CustomerName(load_default=absent, allow_none=False)
    part = NamePart(1, MAX_NAME, data_key="name", load_default=absent, allow_none=False)
    status = fields.String(
        load_default=absent,
        allow_none=False,
        validate=ma.validate.OneOf(["confirmed", "waiting", "cancelled"]),
    )


NEW_BOOKING = NewBooking()
BOOKING_SIZE = BookingSize()
MADE_BOOKING = MadeBooking()
BOOKING_RECEIPT = BookingReceipt()
HELD_BOOKING = HeldBooking()
BOOKING_PAGE = BookingPage()
BOOKING_QUERY = BookingQuery()

"""What the briefs' actions answer, at the root and under `/api/events`: for the document alone."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.bookings import Assigned, Booking, MadeBooking
from ticketing.api.schemas.fields import CustomerId, CustomerName, Day


class FlatEvent(Schema):
    """An event in the words of the third brief; both last fields are how many tickets are left."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    venue = fields.String(required=True, allow_none=True)
    date = Day(required=True, allow_none=True)
    totalTickets = fields.Integer(required=True)  # noqa: N815 - as the brief spells it
    availableTickets = fields.Integer(required=True)  # noqa: N815
    available = fields.Integer(required=True)


class FlatStatus(FlatEvent):
    """An event and its figures."""

    eventId = fields.String(required=True)  # noqa: N815
    bookingsCount = fields.Integer(required=True)  # noqa: N815
    waitingCount = fields.Integer(required=True)  # noqa: N815
    waitingListCount = fields.Integer(required=True)  # noqa: N815
    status = fields.String(validate=ma.validate.OneOf(["cancelled"]))


class FlatBooked(Schema):
    """A booking that was made."""

    status = fields.String(required=True, validate=ma.validate.OneOf(["booked"]))
    booking = fields.Nested(MadeBooking, required=True)


class FlatWaitlisted(Schema):
    """A booking that waits."""

    status = fields.String(required=True, validate=ma.validate.OneOf(["waitlisted"]))
    waiting = fields.Nested(MadeBooking, required=True)


class PassedBooking(Booking):
    """A booking that got freed tickets; `customer` is shown to staff only."""

    customer = CustomerName(required=True, allow_none=True)
    customer_id = CustomerId(required=True, allow_none=True)


class FlatCancelled(Schema):
    """Who got the tickets, the first of them by name or id; or only that they are free."""

    assignedTo = fields.String()  # noqa: N815
    assigned = fields.List(fields.Nested(Assigned))
    booking = fields.Nested(PassedBooking)
    freed = fields.Boolean()


class RootCancelled(Schema):
    """That a booking was cancelled."""

    error = fields.Boolean(required=True)
    message = fields.String(required=True)


class RootInitialized(RootCancelled):
    """An event that was made; the three ids are the same."""

    eventId = fields.String(required=True)  # noqa: N815
    eventd = fields.String(required=True)
    id = fields.String(required=True)
    data = fields.Nested(FlatEvent, required=True)


class RootBooked(RootCancelled):
    """A booking that was made, or that waits."""

    data = fields.Nested(MadeBooking, required=True)


class RootFigures(Schema):
    """An event's figures in the words of the first brief."""

    name = fields.String(required=True)
    available_tickets = fields.Integer(required=True)
    waiting_list_count = fields.Integer(required=True)
    bookings_count = fields.Integer(required=True)
    status = fields.String(validate=ma.validate.OneOf(["cancelled"]))


class RootStatus(RootCancelled):
    """An event's figures."""

    data = fields.Nested(RootFigures, required=True)


FLAT_EVENT = FlatEvent()
FLAT_STATUS = FlatStatus()
FLAT_BOOKED = FlatBooked()
FLAT_WAITLISTED = FlatWaitlisted()
FLAT_CANCELLED = FlatCancelled()
ROOT_INITIALIZED = RootInitialized()
ROOT_BOOKED = RootBooked()
ROOT_CANCELLED = RootCancelled()
ROOT_STATUS = RootStatus()

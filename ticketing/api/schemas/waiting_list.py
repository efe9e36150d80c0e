"""An event's waiting list."""

from __future__ import annotations

from marshmallow import fields

from ticketing.api.schemas.bookings import OfResult
from ticketing.api.schemas.fields import CustomerId, CustomerName, Instant
from ticketing.api.schemas.pages import Page


class Waiting(OfResult):
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


WAITING_PAGE = WaitingPage()

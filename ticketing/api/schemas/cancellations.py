"""Events that are called off, and who is owed what."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from ticketing.api.schemas.events import Event
from ticketing.api.schemas.fields import CustomerName, Money, Sparse
from ticketing.api.schemas.pages import Page


class Owed(Schema):
    """A booking or a sale whose money has to be given back."""

    id = fields.String(required=True)
    customer = CustomerName(required=True, allow_none=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    total = Money(required=True)


class CalledOff(Schema):
    """An event that was called off, and the first who are owed something."""

    event = fields.Nested(Event, required=True)
    owed = fields.List(fields.Nested(Owed), required=True)
    owed_total = Money(required=True, data_key="owedTotal")


class OwedRow(Sparse):
    """What somebody is owed: for a `booking`, or for a `transaction`, which has no customer."""

    booking = fields.String()
    transaction = fields.String()
    customer = CustomerName(required=True, allow_none=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    total = Money(required=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Return the id as that of a booking or of a transaction, whichever it is."""
        if attr in ("booking", "transaction"):
            is_sale = obj.customer is None
            return obj.id if is_sale == (attr == "transaction") else None
        return super().get_attribute(obj, attr, default)


class Cancellation(Page):
    """Who is owed what, and where to go on; `finishing` while bookings are still being ended."""

    items = fields.List(fields.Nested(OwedRow), required=True)
    owed_total = Money(required=True, data_key="owedTotal")
    finishing = fields.Boolean(required=True)


CALLED_OFF = CalledOff()
CANCELLATION = Cancellation()

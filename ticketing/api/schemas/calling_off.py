"""An event that is called off."""

from __future__ import annotations

from marshmallow import Schema, fields

from ticketing.api.fields import CustomerName, Money
from ticketing.api.schemas.events import Event


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


CALLED_OFF = CalledOff()

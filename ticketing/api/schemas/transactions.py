"""Sales over the counter."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.assigning import Assigning
from ticketing.api.schemas.ending import Ending
from ticketing.api.schemas.fields import Id, Instant, Money, WholeNumber
from ticketing.domain.events import MAX_CAPACITY


class NewTransaction(Schema):
    """A sale over the counter."""

    event = Id(required=True)
    tickets = WholeNumber(1, MAX_CAPACITY, required=True, data_key="nTickets")


class Transaction(Ending):
    """A sale over the counter, as it was made."""

    id = fields.String(required=True)
    event = fields.String(required=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    total = Money(required=True)
    status = fields.String(required=True, validate=ma.validate.OneOf(["confirmed", "cancelled"]))
    created_at = Instant(required=True, data_key="createdAt")


class ReturnedTransaction(Assigning, Transaction):
    """A sale whose tickets were given back."""


NEW_TRANSACTION = NewTransaction()
TRANSACTION = Transaction()
RETURNED_TRANSACTION = ReturnedTransaction()

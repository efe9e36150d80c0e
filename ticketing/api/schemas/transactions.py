"""Sales over the counter."""

from __future__ import annotations

from dataclasses import dataclass

import marshmallow as ma
from marshmallow import fields

from ticketing.api.schemas.bookings import Assigning, Ending
from ticketing.api.schemas.fields import Id, Instant, Money, WholeNumber
from ticketing.api.schemas.inputs import Input
from ticketing.domain.events import MAX_CAPACITY


@dataclass(frozen=True, slots=True)
class SaleRequest:
    """So many tickets of an event, to be sold over the counter."""

    event: str
    tickets: int


class NewTransaction(Input[SaleRequest]):
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

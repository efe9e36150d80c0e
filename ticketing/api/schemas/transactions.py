"""Sales over the counter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.bookings import Assigning, Ending, OfResult, Receipt
from ticketing.api.schemas.fields import (
    Bound,
    Day,
    Id,
    Instant,
    Money,
    WholeNumber,
    absent,
)
from ticketing.api.schemas.inputs import Input
from ticketing.api.schemas.pages import Page, PageFields, PageRequest
from ticketing.domain.events import MAX_CAPACITY


@dataclass(frozen=True, slots=True)
class SaleRequest:
    """So many tickets of an event, to be sold over the counter."""

    event: str
    tickets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRequest(PageRequest):
    """Which sales to list: of one event, seller or status, or of a time; `until` is not in it."""

    event: str | None
    since: datetime | None
    until: datetime | None
    actor: str | None
    status: Literal["confirmed", "cancelled"] | None


@dataclass(frozen=True, slots=True)
class EveningRequest:
    """Which day to add up, today unless one is named, and of which event alone."""

    day: date | None
    event: str | None


class NewTransaction(Input[SaleRequest]):
    """A sale over the counter."""

    event = Id(required=True)
    tickets = WholeNumber(1, MAX_CAPACITY, required=True, data_key="nTickets")


_STATUS = ma.validate.OneOf(["confirmed", "cancelled"])


class Transaction(Ending):
    """A sale over the counter: `actor` sold it, `cancelledBy` took it back or called it off."""

    id = fields.String(required=True)
    event = fields.String(required=True)
    tickets = fields.Integer(required=True, data_key="nTickets")
    total = Money(required=True)
    status = fields.String(required=True, validate=_STATUS)
    sold_by = fields.String(required=True, allow_none=True, data_key="actor")
    created_at = Instant(required=True, data_key="createdAt")
    cancelled_by = fields.String(data_key="cancelledBy")


class TransactionReceipt(Receipt, OfResult, Transaction):
    """A sale as it was made."""


class ReturnedTransaction(Receipt, Assigning, Transaction):
    """A sale whose tickets were given back."""


class TransactionPage(Page):
    """Some sales, and where to go on."""

    items = fields.List(fields.Nested(Transaction), required=True)


class TransactionQuery(PageFields, Input[SalesRequest]):
    """Which sales to list."""

    event = Id(load_default=absent, allow_none=False)
    since = Bound(data_key="from", load_default=absent)
    until = Bound(data_key="to", is_end=True, load_default=absent)
    actor = fields.String(load_default=absent, allow_none=False)
    status = fields.String(load_default=absent, allow_none=False, validate=_STATUS)


class Tally(Schema):
    """So many sales, of so many tickets, for so much."""

    sales = fields.Integer(required=True, data_key="transactions")
    tickets = fields.Integer(required=True, data_key="nTickets")
    total = Money(required=True)


class Takings(Schema):
    """What was sold, given back, and ended with its event; `net` is sold less given back."""

    sold = fields.Nested(Tally, required=True)
    returned = fields.Nested(Tally, required=True)
    called_off = fields.Nested(Tally, required=True, data_key="calledOff")
    net = Money(required=True, is_signed=True)


class SellerTakings(Takings):
    """What one actor sold and gave back."""

    actor = fields.String(required=True, allow_none=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Take all but the actor from their takings."""
        return obj.actor if attr == "actor" else getattr(obj.takings, attr)


class Evening(Schema):
    """A day at the counter, by actor."""

    day = Day(required=True)
    event = fields.String(required=True, allow_none=True)
    items = fields.List(fields.Nested(SellerTakings), required=True)
    totals = fields.Nested(Takings, required=True)


class EveningQuery(Input[EveningRequest]):
    """Which day, and of which event alone."""

    day = Day(load_default=absent, allow_none=False)
    event = Id(load_default=absent, allow_none=False)


NEW_TRANSACTION = NewTransaction()
TRANSACTION = Transaction()
TRANSACTION_RECEIPT = TransactionReceipt()
RETURNED_TRANSACTION = ReturnedTransaction()
TRANSACTION_PAGE = TransactionPage()
TRANSACTION_QUERY = TransactionQuery()
EVENING = Evening()
EVENING_QUERY = EveningQuery()

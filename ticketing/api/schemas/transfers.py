"""Passing bookings on."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import fields

from ticketing.api.schemas.bookings import Receipt
from ticketing.api.schemas.fields import CustomerName, Id, Instant, Text, absent
from ticketing.api.schemas.inputs import Input
from ticketing.domain.identity.customers import NamedCustomer


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """Who gets a booking; None where it is to be offered."""

    to: NamedCustomer | None


@dataclass(frozen=True, slots=True)
class AcceptRequest:
    """The code of an offer, and who takes it up where staff asks."""

    code: str
    customer: NamedCustomer | None


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """Which event a booking is taken to."""

    event: str


class Move(Input[MoveRequest]):
    """Which event the booking is taken to."""

    event = Id(required=True)


class Transfer(Input[TransferRequest]):
    """Who gets the booking, where staff asks; without it the booking is offered."""

    to = CustomerName(load_default=absent, allow_none=False)


class TransferOffer(Receipt):
    """The code by which whoever gives it gets the booking, once, and until when."""

    code = fields.String(required=True)
    expires_at = Instant(required=True, data_key="expiresAt")


class Acceptance(Input[AcceptRequest]):
    """The code of an offer; `customer` names who takes it up where staff asks."""

    code = Text(1, 100, required=True)
    customer = CustomerName(load_default=absent, allow_none=False)


MOVE = Move()
TRANSFER = Transfer()
TRANSFER_OFFER = TransferOffer()
ACCEPTANCE = Acceptance()

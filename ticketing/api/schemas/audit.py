"""The audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import Schema, fields
from marshmallow.fields import Field

from ticketing.api.schemas.bookings import Booking
from ticketing.api.schemas.events import Event
from ticketing.api.schemas.fields import (
    CustomerId,
    CustomerName,
    Id,
    Instant,
    Money,
    absent,
)
from ticketing.api.schemas.inputs import Input
from ticketing.api.schemas.pages import Page, PageFields, PageRequest
from ticketing.domain.audit import ACTIONS
from ticketing.domain.identity.customers import NamedCustomer


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest(PageRequest):
    """Which entries of an event's audit to list: of one booking or customer, where one is named."""

    booking: str | None
    customer: NamedCustomer | None


class ChangedFields(fields.Dict):
    """What an audit entry says has changed, out, in the API's names: `{field: [old, new]}`.

    Each is spelled as the event or the booking shows it: a customer by name and by id.
    """

    documented: ClassVar[dict[str, Any]] = {"type": "object"}

    _SHOWN: ClassVar[dict[str, Field[Any]]] = {**Event().fields, **Booking().fields}

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        changes: dict[str, list[Any]] = {}
        for name, pair in value.items():
            field = self._SHOWN.get(name)
            outside = (field and field.data_key) or name
            changes[outside] = [
                field._serialize(side, name, None) if field else side  # noqa: SLF001
                for side in pair
            ]
            if name == "customer":
                changes["customerId"] = [side.id if side else None for side in pair]
        return changes


class AuditEntry(Schema):
    """One accepted change: `sold` and `waiting` are the event's counters after it."""

    sequence = fields.Integer(required=True)
    action = fields.String(required=True, validate=ma.validate.OneOf(ACTIONS))
    booking = fields.String(required=True, allow_none=True)
    customer = CustomerName(required=True, allow_none=True)
    customer_id = CustomerId(required=True, allow_none=True)
    tickets = fields.Integer(required=True, allow_none=True, data_key="nTickets")
    total = Money(required=True, allow_none=True)
    sold = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    changes = ChangedFields(required=True)
    actor = fields.String(required=True)
    at = Instant(required=True)
    request_id = fields.String(required=True, data_key="requestId")
    hash = fields.String(required=True, allow_none=True)


class AuditPage(Page):
    """A part of the audit, and where to go on."""

    items = fields.List(fields.Nested(AuditEntry), required=True)


class AuditQuery(PageFields, Input[AuditRequest]):
    """Which entries to list."""

    booking = Id(load_default=absent, allow_none=False)
    customer = CustomerName(load_default=absent, allow_none=False)


AUDIT_PAGE = AuditPage()
AUDIT_QUERY = AuditQuery()

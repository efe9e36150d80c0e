"""Customers: who they are, and all that is kept about them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from ticketing.api.schemas.accounts.users import User, UserAuditEntry
from ticketing.api.schemas.audit import AuditEntry
from ticketing.api.schemas.bookings import Booking
from ticketing.api.schemas.fields import Instant


class Customer(Schema):
    """A customer; `verified` is whether an account has shown that it is theirs."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    verified = fields.Boolean(required=True)
    created_at = Instant(data_key="createdAt", allow_none=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Return whether there is an account: one is linked once its address is verified."""
        if attr == "verified":
            return obj.user is not None
        return super().get_attribute(obj, attr, default)


class ExportedEntry(AuditEntry):
    """An accepted change, which may be of any event."""

    event = fields.String(required=True)


class CustomerExport(Schema):
    """All that is kept about a customer: who they are, their account, bookings and audit."""

    customer = fields.Nested(Customer, required=True)
    account = fields.Nested(User, required=True, allow_none=True)
    account_audit = fields.List(
        fields.Nested(UserAuditEntry), required=True, data_key="accountAudit"
    )
    bookings = fields.List(fields.Nested(Booking), required=True)
    audit = fields.List(fields.Nested(ExportedEntry), required=True)


CUSTOMER = Customer()
CUSTOMER_EXPORT = CustomerExport()

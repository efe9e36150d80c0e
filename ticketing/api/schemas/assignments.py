"""Who got freed tickets."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from ticketing.api.schemas.fields import CustomerName
from ticketing.domain.changes.results import MOST_NAMED, EventResult


class Assigned(Schema):
    """A booking that got freed tickets; `customer` is told to staff only."""

    id = fields.String(required=True)
    customer = CustomerName(required=True, allow_none=True)
    tickets = fields.Integer(required=True, data_key="nTickets")


class Assigning(Schema):
    """What freed tickets: the first 100 bookings that got them, and how many did in this commit."""

    assigned = fields.List(fields.Nested(Assigned), required=True)
    assigned_count = fields.Integer(required=True, data_key="assignedCount")

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Take what is not about assigning from the booking or the event itself."""
        if attr == "assigned":
            return obj.assigned[:MOST_NAMED]
        if attr in ("assigned_count", "position"):
            return getattr(obj, attr)
        return super().get_attribute(subject_of(obj), attr, default)


def subject_of(obj: Any) -> Any:
    """Return the booking or the event that an outcome is about."""
    return obj.event if isinstance(obj, EventResult) else obj.booking

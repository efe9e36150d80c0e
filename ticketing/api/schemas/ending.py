"""When and why something was cancelled; nothing of it where it was not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.fields import Instant
from ticketing.domain.bookings import REASONS


def without_none(*names: str) -> Callable[..., dict[str, Any]]:
    """Have a schema leave out these fields where they are null."""

    @ma.post_dump
    def leave_out(self: Schema, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {k: v for k, v in data.items() if v is not None or k not in names}

    return leave_out


class Ending(Schema):
    """When and why it was cancelled; left out of what is not."""

    cancelled_at = Instant(data_key="cancelledAt")
    reason = fields.String(validate=ma.validate.OneOf(REASONS))

    _leave_out_no_ending = without_none("cancelledAt", "reason")

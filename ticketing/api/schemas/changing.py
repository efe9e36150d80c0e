"""New values for something that is there."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import Schema


class Something(Schema):
    """New values; at least one."""

    @ma.validates_schema
    def _something(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not data:
            raise ma.ValidationError("Nothing to change.")

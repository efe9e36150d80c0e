"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_dump


class Health(Schema):
    """That the process lives."""

    status = fields.String(required=True)


class Readiness(Schema):
    """Whether requests can be served, and if not, why; `missing` is there where anything is."""

    status = fields.String(required=True)
    database = fields.String(required=True)
    migrations = fields.String(required=True)
    warnings = fields.List(fields.String(), required=True)
    missing = fields.List(fields.String())

    @post_dump
    def _only_where_anything_is(self, to_response: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in to_response.items() if name != "missing" or value}


HEALTH = Health()
READINESS = Readiness()

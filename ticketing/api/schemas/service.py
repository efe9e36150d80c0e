"""Health, problems, and what is told elsewhere."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
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
    def _only_where_anything_is(self, told: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in told.items() if name != "missing" or value}


class Anything(Schema):
    """An object whose fields docs/api.md tells: the briefs' own envelopes."""

    class Meta:
        """Say that there are fields which are not listed."""

        unknown = ma.INCLUDE


class Problem(Schema):
    """RFC 9457; `code` never changes, `errors` tells the faults of each field.

    Some codes tell more: `available` tickets, for one. The briefs' actions add `error` and
    `message`.
    """

    class Meta:
        """Say that there are fields which are not listed."""

        unknown = ma.INCLUDE

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    errors = fields.Dict(keys=fields.String())
    available = fields.Integer()


HEALTH = Health()
READINESS = Readiness()
ANYTHING = Anything()
PROBLEM = Problem()

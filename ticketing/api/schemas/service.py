"""Health, problems, and what is told elsewhere."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import Schema, fields


class Health(Schema):
    """That the process lives."""

    status = fields.String(required=True)


class Readiness(Schema):
    """Whether requests can be served, and if not, why."""

    status = fields.String(required=True)
    database = fields.String(required=True)
    migrations = fields.String(required=True)
    warnings = fields.List(fields.String(), required=True)


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

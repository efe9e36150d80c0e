"""Health, problems, and what is told elsewhere."""

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


class Problem(Schema):
    """RFC 9457; `code` never changes, `errors` tells the faults of each field.

    Some codes tell more: how many tickets are `available` or sold, how many there are altogether
    (`capacity`), or how many the booking has that stands against it (`nTickets`). The briefs'
    actions add `error` and `message`.
    """

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    errors = fields.Dict(keys=fields.String())
    available = fields.Integer()
    capacity = fields.Integer()
    tickets = fields.Integer(data_key="nTickets")
    sold = fields.Integer(data_key="ticketsSold")
    error = fields.Boolean()
    message = fields.String()


HEALTH = Health()
READINESS = Readiness()
PROBLEM = Problem()

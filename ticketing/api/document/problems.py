"""Every refusal, as the document describes it."""

from __future__ import annotations

from marshmallow import Schema, fields


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


PROBLEM = Problem()

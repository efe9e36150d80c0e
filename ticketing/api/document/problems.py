"""Every refusal, as the document describes it."""

from __future__ import annotations

import json
from typing import Any

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.http import problems
from ticketing.domain import errors
from ticketing.domain.errors import DomainError

_BY_CODE = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, DomainError) and "code" in vars(kind)
}

# The domain's, and those of HTTP's own refusals.
CODES = sorted({*_BY_CODE, *map(problems.code_of, problems.TITLES)})


class Problem(Schema):
    """RFC 9457; `code` never changes, `errors` tells the faults of each field.

    Some codes tell more: how many tickets are `available` or sold, how many there are altogether
    (`capacity`), or how many the booking has that stands against it (`nTickets`). The briefs'
    actions add `error` and `message`.
    """

    type = fields.String(required=True, metadata={"format": "uri"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, validate=ma.validate.OneOf(CODES))
    errors = fields.Dict(keys=fields.String())
    available = fields.Integer()
    capacity = fields.Integer()
    tickets = fields.Integer(data_key="nTickets")
    sold = fields.Integer(data_key="ticketsSold")
    error = fields.Boolean()
    message = fields.String()


PROBLEM = Problem()

# What some refusals tell beside their code.
_FACTS = {
    "sold_out": {"available": 0},
    "not_enough_tickets": {"available": 2},
    "waiting_list_first": {"available": 2},
    "exceeds_capacity": {"capacity": 100},
    "capacity_below_sold": {"sold": 42},
    "capacity_below_waiting": {"tickets": 4},
}


def examples(status: int) -> dict[str, Any]:
    """Return an example of each refusal with this status, by its code."""
    found = [error for error in _BY_CODE.values() if problems.status_of_kind(error) == status]
    shown = {error.code: _example(error) for error in found}
    if not shown:
        code = problems.code_of(status)
        shown[code] = problems.plain(status, problems.TITLES[status] + ".")
    return {
        code: {"summary": code, "value": json.loads(body)} for code, body in sorted(shown.items())
    }


def _example(kind: type[DomainError]) -> bytes:
    error: DomainError
    if kind is errors.Invalid:
        error = errors.Invalid("capacity", "Not a whole number.")
    elif kind is errors.UnusableName:
        error = errors.UnusableName("There is nothing before the @.")
    else:
        error = kind(**_FACTS.get(kind.code, {}))
    return problems.refusal(error, lambda detail: {}).body

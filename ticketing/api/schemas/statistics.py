"""Monthly statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import marshmallow as ma
from marshmallow import Schema, fields

from ticketing.api.schemas.fields import Money, Percentage, QueryNumber
from ticketing.api.schemas.inputs import Input

MAX_MONTHS = 60
DEFAULT_MONTHS = 12


@dataclass(frozen=True, slots=True)
class StatisticsRequest:
    """Which months: so many, up to the current one or up to the last one that is over."""

    months: int
    window: Literal["current", "complete"]


class StatisticsQuery(Input[StatisticsRequest]):
    """Which months."""

    months = QueryNumber(1, MAX_MONTHS, load_default=DEFAULT_MONTHS)
    window = fields.String(
        load_default="current", validate=ma.validate.OneOf(["current", "complete"])
    )


class Month(Schema):
    """A month's figures; `averageTicketsSold` is the mean of the events' percentages."""

    year = fields.Integer(required=True)
    month = fields.Integer(required=True)
    revenue = Money(required=True)
    events = fields.Integer(required=True, data_key="nEvents")
    average = Percentage(
        required=True, data_key="averageTicketsSold", attribute="average_tickets_sold"
    )


STATISTICS_QUERY = StatisticsQuery()
MONTHS = Month(many=True)

"""Lists in parts."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import Schema, fields

from ticketing.api.schemas.fields import QueryNumber, absent
from ticketing.api.schemas.inputs import Input

MAX_PAGE = 100
DEFAULT_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which part of a list: so many rows, after the place that the cursor stands for."""

    limit: int
    cursor: str | None


class Page(Schema):
    """A part of a list: `items`, and where to go on."""

    next = fields.String(required=True, allow_none=True)


class PageFields(Schema):
    """Which part of a list."""

    limit = QueryNumber(1, MAX_PAGE, load_default=DEFAULT_PAGE)
    cursor = fields.String(load_default=absent, allow_none=False)


class PageQuery(PageFields, Input[PageRequest]):
    """Which part of a list that has no other parameters."""


PAGE_QUERY = PageQuery()

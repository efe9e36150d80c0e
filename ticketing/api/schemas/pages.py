"""Lists in parts."""

from __future__ import annotations

from marshmallow import Schema, fields

from ticketing.api.schemas.fields import QueryNumber, absent

MAX_PAGE = 100
DEFAULT_PAGE = 50


class Page(Schema):
    """A part of a list: `items`, and where to go on."""

    next = fields.String(required=True, allow_none=True)


class PageQuery(Schema):
    """Which part of a list."""

    limit = QueryNumber(1, MAX_PAGE, load_default=DEFAULT_PAGE)
    cursor = fields.String(load_default=absent, allow_none=False)


PAGE_QUERY = PageQuery()

"""What comes in: a schema gives one typed value, and no dict gets past it."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

import marshmallow as ma
from marshmallow import Schema

ValueT = TypeVar("ValueT")


class Input(Schema, Generic[ValueT]):
    """A schema that loads into a `ValueT`, which has its fields' names.

    The type is written once, in `class NewSale(Input[Sale])`: mypy holds the views to it
    (`ticketing.api.http.blueprints.Blueprint.arguments`), and `value` makes one.
    """

    _type: ClassVar[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Input:
                (cls._type,) = get_args(base)

    @ma.post_load
    def _load_value(self, data: dict[str, Any], **kwargs: Any) -> ValueT:
        return self.value(data)

    def value(self, data: dict[str, Any]) -> ValueT:
        """Return the value that has these fields, all of which are valid."""
        value: ValueT = self._type(**data)
        return value


class SomeFields(Schema):
    """New values for something that is there; at least one."""

    @ma.validates_schema
    def _require_some(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not data:
            raise ma.ValidationError("Nothing to change.")

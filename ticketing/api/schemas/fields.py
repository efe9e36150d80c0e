"""Fields that take exactly what they say: an integer is not a boolean, a float or a string."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import Schema, ValidationError, fields

from ticketing.api.document import patterns
from ticketing.api.http.context import app_context
from ticketing.domain import calendar, money
from ticketing.domain.errors import UnusableName
from ticketing.domain.identity import names, passwords
from ticketing.domain.identity.api_keys import LONGEST_NAME
from ticketing.domain.identity.customers import MAX_NAME, Customer, NamedCustomer
from ticketing.domain.identity.searching import fold
from ticketing.domain.texts import has_control_characters
from ticketing.services import commands

_DIGITS = re.compile(r"[0-9]{1,9}")
_EVENT_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


def absent() -> None:
    """Stand for a value that was not sent (a plain None would be documented as a default)."""


class WholeNumber(fields.Integer):
    """A JSON integer between two bounds, both included."""

    def __init__(self, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(
            strict=True, validate=ma.validate.Range(min=minimum, max=maximum), **kwargs
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        # JSON's true is an int to Python, and so to marshmallow's `strict`.
        if type(value) is not int:
            raise ValidationError("Not a whole number.")
        return value


class QueryNumber(WholeNumber):
    """A whole number in a query: ASCII digits and nothing else."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not _DIGITS.fullmatch(value):
            raise ValidationError("Not a whole number.")
        return int(value)


class Text(fields.String):
    """A string of some length, without control characters; blank only where that is said."""

    def __init__(self, minimum: int, maximum: int, *, blank: bool = False, **kwargs: Any) -> None:
        super().__init__(validate=ma.validate.Length(min=minimum, max=maximum), **kwargs)
        self.blank = blank
        pattern = patterns.TEXT if blank else patterns.NOT_BLANK
        self.documented: dict[str, Any] = {"type": "string", "pattern": pattern}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Not a string.")
        if has_control_characters(value):
            raise ValidationError("Control characters are not allowed.")
        if not self.blank and not value.strip():
            raise ValidationError("Must not be blank.")
        return value


class NamePart(Text):
    """A part of a name that is looked for: something must be left of it without accents."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not fold(text):
            raise ValidationError("Must not be blank.")
        return text


class Id(fields.String):
    """The id of something that should exist; what can't be an id is simply not found."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Not a string.")
        return value


class LooseId(fields.String):
    """An id as the briefs' clients send it: `1` and `"1"` are the same."""

    documented: ClassVar[dict[str, Any]] = {"type": ["string", "integer"]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return loose_text(value)


class NewEventId(LooseId):
    """An id of the caller's choice: 1 to 64 letters, digits, hyphens and underscores."""

    documented: ClassVar[dict[str, Any]] = {
        "type": ["string", "integer"],
        "pattern": _EVENT_ID.pattern,
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = loose_text(value)
        if not _EVENT_ID.fullmatch(text):
            raise ValidationError("Not 1 to 64 letters, digits, hyphens and underscores.")
        return text


class CustomerName(fields.Field[Any]):
    """A customer by name: in, as staff names them; out, as they were named first.

    Null is somebody who has been erased.
    """

    documented: ClassVar[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": MAX_NAME}

    def _serialize(self, value: Customer | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value.name if value else None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> NamedCustomer:
        if not isinstance(value, str):
            raise ValidationError("Not a string.")
        try:
            return commands.named(value)
        except UnusableName as fault:
            raise ValidationError(str(fault)) from None


class Email(Text):
    """An e-mail address of which a key can be made; composed and trimmed, else as it was given."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(3, MAX_NAME, metadata={"format": "email"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            names.address_key(text)
        except UnusableName as fault:
            raise ValidationError(fault.reason) from None
        return names.as_shown(text)


class KeyName(Text):
    """What somebody calls an API key, which the audit and the log name by it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1, LONGEST_NAME, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return names.as_shown(text)
        except UnusableName as fault:
            raise ValidationError(fault.reason) from None


class Password(Text):
    """A new password, of any kind; whether it is easy to guess depends on whose it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(passwords.SHORTEST, passwords.LONGEST, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return passwords.prepared(super()._deserialize(value, attr, data, **kwargs))


class Flag(fields.Boolean):
    """A JSON boolean and nothing that looks like one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not a boolean.")
        return value


class Day(fields.Field[date]):
    """A day: `DD/MM/YYYY` or `YYYY-MM-DD` in, `YYYY-MM-DD` out."""

    documented: ClassVar[dict[str, Any]] = {"type": "string", "pattern": patterns.DAY}

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value.isoformat() if value else None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str):
            raise ValidationError("Not a day written as DD/MM/YYYY or YYYY-MM-DD.")
        try:
            return self._parse(value)
        except ValueError as fault:
            raise ValidationError(str(fault)) from None

    def _parse(self, text: str) -> date:
        return calendar.parse_day(text)


class LooseDay(Day):
    """A day as the briefs' clients send it: a date-time is the day that it is at the venue."""

    documented: ClassVar[dict[str, Any]] = {"type": "string", "pattern": patterns.DAY_OR_TIME}

    def _parse(self, text: str) -> date:
        return calendar.parse_day_or_time(text, app_context.settings.timezone)


class Bound(fields.Field[datetime]):
    """Where a time begins or ends: a day, or a date-time.

    A day is the venue's, and all of it: the beginning is its first moment, the end that of the next
    day. A date-time is that moment, in `TICKETING_TIMEZONE` where it has no offset.
    """

    documented: ClassVar[dict[str, Any]] = {"type": "string", "pattern": patterns.DAY_OR_TIME}

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_end = is_end

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        zone = app_context.settings.timezone
        try:
            if ":" in value:
                return calendar.parse_moment(value, zone)
            day = calendar.parse_day(value)
        except ValueError as fault:
            raise ValidationError(str(fault)) from None
        return calendar.end_of(day, zone) if self.is_end else calendar.start_of(day, zone)


class Instant(fields.Field[datetime]):
    """A moment, in UTC and milliseconds: `2024-10-31T18:00:00.000Z`."""

    documented: ClassVar[dict[str, Any]] = {"type": "string", "format": "date-time"}

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        if value is None:
            return None
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


class Money(fields.Field[int]):
    """An amount: a JSON number with at most two decimals outside, whole minor units inside."""

    def __init__(self, *, maximum: int = 0, is_signed: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.maximum = maximum
        self.documented: dict[str, Any] = {"type": "number"}
        if not is_signed:
            self.documented["minimum"] = 0
        if maximum:
            self.documented |= {"maximum": maximum, "multipleOf": 0.01}

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else money.to_major(value)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        # A float never comes: the parser reads fractions as Decimal, so that 0.1 stays 0.1.
        if type(value) is not int and not isinstance(value, Decimal):
            raise ValidationError("Not a number.")
        if not 0 <= value <= self.maximum:
            raise ValidationError(f"Must be between 0 and {self.maximum}.")
        try:
            return money.to_minor(value)
        except ValueError as fault:
            raise ValidationError(str(fault)) from None


class Percentage(fields.Field[Decimal]):
    """A percentage out, as a plain number: `50`, `33.33`."""

    documented: ClassVar[dict[str, Any]] = {"type": "number", "minimum": 0, "maximum": 100}

    def _serialize(self, value: Decimal | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        if value is None:
            return None
        return int(value) if value == value.to_integral_value() else float(value)


def loose_text(value: object) -> str:
    """Read a string, or an integer as the string of its digits; raises ValidationError."""
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise ValidationError("Neither a string nor a whole number.")
    return value


class ChainHead(fields.String):
    """The head of an event's chain, out: the last entry's sequence and hash."""

    documented: ClassVar[dict[str, Any]] = {"type": "string", "pattern": patterns.HEAD}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=True, allow_none=True, dump_only=True, **kwargs)


class LooseCustomer(CustomerName):
    """A customer named by a string or an integer."""

    documented: ClassVar[dict[str, Any]] = {"type": ["string", "integer"]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> NamedCustomer:
        return super()._deserialize(loose_text(value), attr, data, **kwargs)


class CustomerId(fields.Field[Any]):
    """The id of a booking's customer, out."""

    documented: ClassVar[dict[str, Any]] = {"type": "string"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(attribute="customer", data_key="customerId", dump_only=True, **kwargs)

    def _serialize(self, value: Customer | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value.id if value else None


class Sparse(Schema):
    """A schema that leaves out, where it is null, what need not be there."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._needed = {f.data_key or name for name, f in self.fields.items() if f.required}

    @ma.post_dump
    def _leave_out(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {k: v for k, v in data.items() if v is not None or k in self._needed}

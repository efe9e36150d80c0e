"""JSON as strict as RFC 8259 allows: what two readers could understand differently is refused.

Refused are: text that is not UTF-8 or starts with a byte order mark, a key that occurs twice in an
object (RFC 8259, 4), NaN and Infinity, lone surrogates (8.2), nesting deeper than `MAX_DEPTH` and
integers of more than `MAX_DIGITS` digits. Fractions become `Decimal`, so 0.1 stays 0.1.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

MAX_DEPTH = 32
MAX_DIGITS = 40


class NotJson(ValueError):
    """The text is not JSON that everybody would read alike. The message never quotes it."""


def loads(body: bytes) -> Any:
    """Read a JSON text; raises NotJson."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotJson("The body is not UTF-8.") from None
    if text.startswith("\ufeff"):
        raise NotJson("The body starts with a byte order mark.")
    _refuse_deep(text)

    try:
        value = _DECODER.decode(text)
    except NotJson:
        raise
    except (ValueError, RecursionError):
        raise NotJson("The body is not valid JSON.") from None

    # A lone surrogate can only have come from an escape.
    if "\\u" in text:
        _refuse_surrogates(value)
    return value


def _refuse_deep(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJson("The body is nested too deeply.")
        elif character in "]}":
            depth -= 1


def _refuse_surrogates(value: Any) -> None:
    match value:
        case str():
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise NotJson("The body has half of a surrogate pair.")
        case list():
            for item in value:
                _refuse_surrogates(item)
        case dict():
            for key, item in value.items():
                _refuse_surrogates(key)
                _refuse_surrogates(item)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("A key occurs twice in an object.")
    return found


def _constant(_: str) -> NoReturn:
    raise NotJson("NaN and Infinity are not JSON.")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise NotJson("A number is too long.")
    return int(digits)


def _fraction(digits: str) -> Decimal:
    if len(digits) > MAX_DIGITS:
        raise NotJson("A number is too long.")
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise NotJson("A number is too long.") from None


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_constant,
    parse_int=_integer,
    parse_float=_fraction,
)

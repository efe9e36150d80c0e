"""As much of MongoDB's query language as the write path speaks; anything else is an error.

`tests/simulation/mongodb/test_like_the_real_one.py` plays the same on the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

Document = dict[str, Any]

_MISSING: Any = object()

_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "date": lambda value: isinstance(value, datetime),
    "null": lambda value: value is None,
}


def matches(document: Mapping[str, Any], conditions: Mapping[str, Any], now: datetime) -> bool:
    """Return whether a document is one of those that a query asks for."""
    for name, wanted in conditions.items():
        if name == "$or":
            if not any(matches(document, each, now) for each in wanted):
                return False
        elif name == "$and":
            if not all(matches(document, each, now) for each in wanted):
                return False
        elif name == "$expr":
            if not evaluate(wanted, document, now):
                return False
        elif type(wanted) is dict and next(iter(wanted), "").startswith("$"):
            for operator, operand in wanted.items():
                if not _holds(document, name, operator, operand):
                    return False
        elif not _holds(document, name, "$eq", wanted):
            return False
    return True


def _holds(document: Mapping[str, Any], name: str, operator: str, operand: Any) -> bool:
    """Return whether a field, or one of a list's, is as an operator wants it."""
    if operator == "$ne":
        return not _holds(document, name, "$eq", operand)
    if operator == "$not":
        return not all(_holds(document, name, *each) for each in operand.items())
    values = [document.get(name, _MISSING)] if "." not in name else list(_along(document, name))
    if operator == "$exists":
        return any(value is not _MISSING for value in values) == bool(operand)
    return any(_is(value, operator, operand) for value in values)


def _is(value: Any, operator: str, operand: Any) -> bool:
    match operator:
        case "$eq":
            return operand is None if value is _MISSING else bool(value == operand)
        case "$in":
            return (None if value is _MISSING else value) in list(operand)
        case "$type":
            return value is not _MISSING and _KINDS[operand](value)
        case "$gt" | "$gte" | "$lt" | "$lte":
            # A comparison finds what is of the same kind alone.
            return _is_comparable(value, operand) and _ORDERS[operator](value, operand)
        case _:
            raise NotImplementedError(f"the stand-in for MongoDB does not know {operator}")


def _is_comparable(one: Any, other: Any) -> bool:
    return any(
        isinstance(one, kind) and isinstance(other, kind) for kind in (int | float, str, datetime)
    )


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda one, other: bool(one > other),
    "$gte": lambda one, other: bool(one >= other),
    "$lt": lambda one, other: bool(one < other),
    "$lte": lambda one, other: bool(one <= other),
}


def _along(document: Mapping[str, Any], path: str) -> Iterator[Any]:
    first, _, rest = path.partition(".")
    found = document.get(first, _MISSING)
    if not rest:
        yield found
    elif isinstance(found, list):
        for each in found:
            yield from _along(each, rest)
    elif isinstance(found, dict):
        yield from _along(found, rest)


def evaluate(expression: Any, document: Mapping[str, Any], now: datetime) -> Any:
    """Return what an aggregation expression comes to."""
    if isinstance(expression, str) and expression.startswith("$"):
        return now if expression == "$$NOW" else document.get(expression[1:])
    if not isinstance(expression, dict):
        return expression
    ((operator, given),) = expression.items()
    of = given if isinstance(given, list) else [given]
    if operator == "$cond":
        yes, no = of[1:]
        return evaluate(yes if evaluate(of[0], document, now) else no, document, now)
    values = [evaluate(each, document, now) for each in of]
    match operator:
        case "$ifNull":
            return next((value for value in values if value is not None), None)
        case "$and":
            return all(values)
        case "$or":
            return any(values)
        case "$not":
            return not values[0]
        case "$eq":
            return values[0] == values[1]
        case "$gt" | "$gte" | "$lt" | "$lte":
            return _ordered(operator, *values)
        case "$add":
            return _sum(values)
        case _:
            raise NotImplementedError(f"the stand-in for MongoDB does not know {operator}")


def _ordered(operator: str, one: Any, other: Any) -> bool:
    # Here null is below everything else.
    if one is None or other is None:
        return _ORDERS[operator](one is not None, other is not None)
    return _ORDERS[operator](one, other)


def _sum(values: Sequence[Any]) -> Any:
    if any(value is None for value in values):
        return None
    if isinstance(values[0], datetime):
        return values[0] + timedelta(milliseconds=sum(values[1:]))
    return sum(values)


def updated(
    document: Document, update: Document | list[Document], now: datetime, *, is_new: bool = False
) -> Document:
    """Return a document as an update leaves it; the one given stays as it is."""
    after = dict(document)
    if isinstance(update, list):
        for stage in update:
            _apply_stage(after, stage, now)
        return after
    for operator, fields in update.items():
        match operator:
            case "$set":
                after.update(fields)
            case "$setOnInsert":
                after.update(fields if is_new else {})
            case "$inc":
                for name, more in fields.items():
                    after[name] = after.get(name, 0) + more
            case "$unset":
                for name in fields:
                    after.pop(name, None)
            case "$currentDate":
                after.update(dict.fromkeys(fields, now))
            case _:
                raise NotImplementedError(f"the stand-in for MongoDB does not know {operator}")
    return after


def _apply_stage(after: Document, stage: Document, now: datetime) -> None:
    ((operator, fields),) = stage.items()
    match operator:
        case "$set":
            after.update({name: evaluate(value, after, now) for name, value in fields.items()})
        case "$unset":
            for name in fields:
                after.pop(name, None)
        case _:
            raise NotImplementedError(f"the stand-in for MongoDB does not know {operator}")


def named_by(conditions: Mapping[str, Any]) -> Document:
    """Return the fields that an upsert takes from its query: those that are equal to something."""
    return {
        name: value
        for name, value in conditions.items()
        if not name.startswith("$") and not isinstance(value, dict)
    }

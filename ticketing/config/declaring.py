"""How a setting is declared: by which variables, how each is read, and what becomes of them.

A declaration is the default of a dataclass's field, so that mypy compares the type of what is read
with the field's. At runtime the field has no default: whoever makes the settings names them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, TypeVar, cast, overload

import environs
from marshmallow.validate import OneOf

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ReadT = TypeVar("ReadT")
SettingT = TypeVar("SettingT")
ChoiceT = TypeVar("ChoiceT", bound=str)

Read = Callable[[environs.Env, str], ReadT]
"""Read a variable by its name, without the prefix; `Env.seal` raises what is wrong with any."""

_KEY = "declaration"


@dataclass(frozen=True, slots=True)
class Declaration:
    """How each variable of a setting is read, and what makes its value once all are good."""

    reads: Mapping[str, Read[object]]
    convert: Callable[..., object]

    def value(self, read: Mapping[str, object]) -> object:
        """Return the setting's value, from what was read of all variables."""
        return self.convert(*(read[variable] for variable in self.reads))


@overload
def setting(read: Read[SettingT], *, is_secret: bool = ...) -> SettingT: ...


@overload
def setting(
    read: Read[ReadT], convert: Callable[[ReadT], SettingT], *, is_secret: bool = ...
) -> SettingT: ...


def setting(
    read: Read[object],
    convert: Callable[..., object] = lambda value: value,
    *,
    is_secret: bool = False,
) -> object:
    """Declare a setting of one variable, which is called like its field.

    A secret does not stand in the text of the settings, which a traceback may show.
    """
    return field(repr=not is_secret, metadata={_KEY: (read, convert)})


def setting_of(
    reads: Mapping[str, Read[ReadT]],
    convert: Callable[..., SettingT],
    *,
    is_secret: bool = False,
) -> SettingT:
    """Declare a setting of several variables; `convert` takes what was read of them, in order."""
    declared: SettingT = field(repr=not is_secret, metadata={_KEY: (reads, convert)})
    return declared


def declarations(of: type[DataclassInstance]) -> dict[str, Declaration]:
    """Return what each field declares, by its name."""
    found = {}
    for declared in fields(of):
        reads, convert = declared.metadata[_KEY]
        if not isinstance(reads, Mapping):
            reads = {declared.name.upper(): reads}
        found[declared.name] = Declaration(reads, convert)
    return found


def text(default: str = "", validate: Callable[[str], object] | None = None) -> Read[str]:
    """Read a text as it stands there."""
    return lambda env, name: env.str(name, default, validate=validate)


def texts(validate: Callable[[list[str]], object]) -> Read[list[str]]:
    """Read texts that are separated by commas; none by default."""
    return lambda env, name: env.list(name, [], validate=validate)


def choice(default: ChoiceT, choices: Sequence[ChoiceT]) -> Read[ChoiceT]:
    """Read one of the words that there are."""
    return lambda env, name: cast(ChoiceT, env.str(name, default, validate=OneOf(choices)))


def flag(*, default: bool) -> Read[bool]:
    """Read yes or no, in the words that marshmallow knows."""
    return lambda env, name: env.bool(name, default)


def whole(default: int, validate: Callable[[int], object]) -> Read[int]:
    """Read a whole number."""
    return lambda env, name: env.int(name, default, validate=validate)


def number(default: float, validate: Callable[[float], object]) -> Read[float]:
    """Read a number."""
    return lambda env, name: env.float(name, default, validate=validate)

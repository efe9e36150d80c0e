"""Reads the settings, by what `settings` declares, from the environment and `.env`."""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import environs
from dotenv.parser import parse_stream

from ticketing.config import rates
from ticketing.config.faults import all_of
from ticketing.config.rules import refuse_disorder, refuse_unsafe, with_sender
from ticketing.config.settings import DECLARATIONS, NAMES, PREFIX, Settings


def load(
    *, default_auth: Literal["required", "open"] = "required", env_file: str | None = ".env"
) -> Settings:
    """Read the settings; raises SettingsError that names every fault.

    The environment wins over the `.env` file in the current folder.
    """
    env = environs.Env(eager=False)
    written: set[str] = set()
    faults: list[str] = []
    if env_file is not None:
        file = Path.cwd() / env_file
        written, faults = _names_in(file)
        # Of a file that can be read in part only, what is missing would be told as a fault, too.
        if not faults:
            env.read_env(file, recurse=False)
    names = {*os.environ, *written}
    faults += _unknown(names)

    with env.prefixed(PREFIX):
        read = {
            variable: read(env, variable)
            for declared in DECLARATIONS.values()
            for variable, read in declared.reads.items()
        }
    try:
        env.seal()
    except environs.EnvValidationError as error:
        faults += _sentences(error)
    if faults:
        raise all_of(faults)

    if f"{PREFIX}AUTH" not in names:
        read["AUTH"] = default_auth
    if read["AUTH"] == "open":
        read |= {variable: read[variable] or rates.OFF for variable in rates.VARIABLES}
    # What each declaration gives was compared with its field there: here they are only passed on.
    make: Callable[..., Settings] = Settings
    settings = make(**{name: declared.value(read) for name, declared in DECLARATIONS.items()})
    refuse_unsafe(settings)
    refuse_disorder(settings)
    return with_sender(settings)


def _names_in(file: Path) -> tuple[set[str], list[str]]:
    """Return the names that stand in the file, and its lines that would be passed over."""
    try:
        bindings = list(parse_stream(io.StringIO(file.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return set(), []
    except (OSError, ValueError) as error:
        return set(), [f"{file} can't be read: {error}"]
    faulty = [b for b in bindings if b.error or (b.key and b.value is None)]
    return (
        {binding.key for binding in bindings if binding.key},
        [f"{file}, line {binding.original.line}: not NAME=value" for binding in faulty],
    )


def _unknown(names: set[str]) -> Iterator[str]:
    """Name what looks like a setting and is none: a slip of the pen would go unnoticed."""
    known = {PREFIX + name for name in NAMES}
    for name in sorted(names - known):
        if name.upper().startswith(PREFIX.rstrip("_")):
            near = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"did you mean {near[0]}?" if near else "docs/configuration.md lists them all."
            yield f"{name}: there is no such setting; {hint}"


def _sentences(error: environs.EnvValidationError) -> list[str]:
    messages = error.error_messages
    assert isinstance(messages, Mapping)
    return [f"{variable}: {' '.join(found)}" for variable, found in messages.items()]

"""What settings that allow no start are refused with."""

from __future__ import annotations

from collections.abc import Iterable


class SettingsError(Exception):
    """The settings don't allow a start; the text says what to set."""


def all_of(faults: Iterable[str]) -> SettingsError:
    """Return one error that lists every fault."""
    return SettingsError("Some settings are wrong.\n" + "\n".join(f"  {fault}" for fault in faults))

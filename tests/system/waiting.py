"""Waiting in tests: until something has happened, however slow the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Only what never happens takes so long: a bound against hanging, not a measure.
NEVER_S = 60


def eventually(happens: Callable[[], T], what: str, within_s: float = NEVER_S) -> T:
    """Ask until the answer is true, and return it; raises AssertionError if it never is."""
    until = time.monotonic() + within_s
    while not (answer := happens()):
        if time.monotonic() > until:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.02)
    return answer

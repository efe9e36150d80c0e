"""Clocks for tests: they show what they were set to."""

from __future__ import annotations

from typing import Generic, TypeVar

Moment = TypeVar("Moment")


class Clock(Generic[Moment]):
    """A time that stands still until it is told to go on."""

    def __init__(self, now: Moment) -> None:
        self.now = now

    def __call__(self) -> Moment:
        return self.now

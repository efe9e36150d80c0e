"""How much a verification has read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """The parts of a verification, in their order."""

    EVENTS = "events"
    ACCOUNTS = "accounts"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a verification goes on: in which part, and after which id of it."""

    part: Part = Part.EVENTS
    after: str = ""


@dataclass(slots=True)
class Reading:
    """How much has been read.

    `progressed` is called as it goes on, `reached` where it could be resumed.

    `between` is called between the steps, when nothing is being read.

    `compared` counts the bookings that have been compared with their entries, `unchained` the
    entries that have no hash.
    """

    events: int = 0
    entries: int = 0
    compared: int = 0
    unchained: int = 0
    progressed: Callable[[Reading], None] = lambda _: None
    reached: Callable[[Position], None] = lambda _: None
    between: Callable[[], None] = lambda: None

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to be read."""
        return not (self.events or self.entries)

    def __str__(self) -> str:
        events = "event" if self.events == 1 else "events"
        entries = "entry" if self.entries == 1 else "entries"
        outside = f", {self.unchained} of them without a hash" if self.unchained else ""
        return f"{self.events} {events} and {self.entries} audit {entries}{outside}"

    def add(
        self, *, events: int = 0, entries: int = 0, compared: int = 0, unchained: int = 0
    ) -> None:
        """Count what has been read."""
        self.events += events
        self.entries += entries
        self.compared += compared
        self.unchained += unchained
        self.progressed(self)

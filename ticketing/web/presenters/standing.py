"""How an event stands: a shape and a word, the same on every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ticketing.domain.events import Event

# Few are left: at most so many, or at most a tenth of the capacity, but never more than fifty.
_ALWAYS_FEW = 10
_NEVER_FEW = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is the class of the word and its sign, `ticket` that of the ticket.

    `kind` tells changes of state from changes of a number: who listens is told of the former.
    """

    state: str
    words: str
    ticket: str
    kind: str

    @property
    def is_open(self) -> bool:
        """Whether customers can book or wait."""
        return self.state in ("free", "few", "out", "wait")


def standing_of(event: Event, today: date) -> Standing:
    """Return how an event stands on a day."""
    remaining = event.available
    if event.status != "scheduled":
        return Standing("off", "Called off", "void", "off")
    if event.day is not None and event.day < today:
        return Standing("past", "Over", "plain", "past")
    if event.waiting:
        first = "Sold out, " if remaining == 0 else ""
        return Standing("wait", f"{first}{event.waiting:,} waiting", "plain", "wait")
    if remaining == 0:
        return Standing("out", "Sold out", "plain", "out")
    if remaining <= max(_ALWAYS_FEW, min(_NEVER_FEW, event.capacity // 10)):
        return Standing("few", f"Only {remaining:,} left", "", "few")
    return Standing("free", f"{remaining:,} left", "", "free")

"""An event's history as its trail tells it, told once more by a model of its own.

It shares no code with the service, nor with the service's own `verify`: raw documents in, sentences
out. Each change has a sequence, so whether the histories of the clients are linearizable is one
pass in that order (Gibbons and Korach, "Testing Shared Memories", 1997: easy with a witness).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from tests.faults.load.history import Look, Operation

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """An event after one change."""

    capacity: int
    sold: int
    waiting: int
    is_off: bool = False
    is_gone: bool = False

    @property
    def available(self) -> int:
        return 0 if self.is_off or self.is_gone else self.capacity - self.sold


class Timeline:
    """One event: `states[n]` is what change n left, and `keys[n]` who asked for it, n from 1."""

    def __init__(self, trail: Iterable[Entry]) -> None:
        self.states: list[State] = [State(0, 0, 0)]
        self.keys: list[str] = [""]
        self.oversold: list[str] = []
        self.overtaken: list[str] = []
        queue: dict[str, None] = {}
        capacity, is_off, is_gone = 0, False, False
        for entry in sorted(trail, key=lambda e: e["sequence"]):
            capacity = entry["changes"].get("capacity", (0, capacity))[1]
            is_off = is_off or entry["action"] == "called_off"
            is_gone = is_gone or entry["action"] == "deleted"
            self._serve(entry, queue)
            state = State(capacity, entry["sold"], entry["waiting"], is_off, is_gone)
            self.states.append(state)
            self.keys.append(entry["request_id"])
            if not 0 <= entry["sold"] <= capacity:
                self.oversold.append(f"{entry['sold']} of {capacity} sold at {entry['sequence']}")

    def _serve(self, entry: Entry, queue: dict[str, None]) -> None:
        action, booking = entry["action"], entry["booking"]
        if action == "waitlisted":
            queue[booking] = None
        elif action == "assigned":
            if next(iter(queue), None) != booking:
                self.overtaken.append(f"{booking} was served before the head of the list")
            queue.pop(booking, None)
        elif action == "cancelled":
            queue.pop(booking, None)
        elif action in ("sold", "booked", "added", "moved_in") and queue:
            self.overtaken.append(f"{booking} got tickets while {len(queue)} waited")


class Order:
    """What of an event was known when: between which changes something asked then was decided."""

    def __init__(
        self, timeline: Timeline, operations: Mapping[str, Operation], looks: Iterable[Look]
    ) -> None:
        known = [
            (operations[key].ended, n) for n, key in enumerate(timeline.keys) if key in operations
        ]
        known += [(look.ended, look.sequence) for look in looks]
        known.sort()
        self._times = [ended for ended, _ in known]
        self._most = list(accumulate((sequence for _, sequence in known), max))
        # When the latest of the first n changes was asked for, as far as clients asked for it.
        self._asked = list(
            accumulate(
                (
                    operations[key].began if key in operations else -math.inf
                    for key in timeline.keys
                ),
                max,
            )
        )

    def oldest(self, began: float) -> int:
        """The change that everybody who asks now has to see."""
        before = bisect_left(self._times, began)
        return self._most[before - 1] if before else 0

    def latest(self, ended: float) -> int:
        """The last change that somebody who was told now can have seen."""
        return bisect_right(self._asked, ended) - 1


def disorder(
    timeline: Timeline, operations: Mapping[str, Operation], looks: Sequence[Look]
) -> Iterator[str]:
    """Find what contradicts one order of all that happened, in which time never goes back."""
    latest_start = -math.inf
    for number, key in enumerate(timeline.keys):
        if key not in operations:
            continue
        operation = operations[key]
        if operation.ended < latest_start:
            yield f"change {number} was acknowledged before one in front of it was asked for"
        latest_start = max(latest_start, operation.began)

    order = Order(timeline, operations, looks)
    for look in looks:
        yield from _misread(timeline, order, look)


def _misread(timeline: Timeline, order: Order, look: Look) -> Iterator[str]:
    if not 1 <= look.sequence < len(timeline.states):
        yield f"somebody saw change {look.sequence}, which is not there"
        return
    state = timeline.states[look.sequence]
    if (look.sold, look.waiting) != (state.sold, state.waiting):
        yield f"somebody saw a state at change {look.sequence} that never was"
    if look.sequence < order.oldest(look.began):
        yield f"somebody saw change {look.sequence} after a later one was known"
    if look.sequence > order.latest(look.ended):
        yield f"somebody saw change {look.sequence} before it was asked for"

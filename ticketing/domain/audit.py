"""The audit: one entry per accepted change, enough to replay an event's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from ticketing.domain.identity.customers import Customer

Action = Literal[
    "created",
    "changed",
    "replaced",
    "deleted",
    "called_off",
    "sold",
    "returned",
    "booked",
    "waitlisted",
    "cancelled",
    "assigned",
    "reduced",
    "added",
    "offered",
    "withdrawn",
    "transferred",
    "moved_out",
    "moved_in",
]

ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One accepted change of one event.

    `sequence` is the change's number within the event, from 1 without gaps. `sold` and `waiting`
    are the event's counters after it. `total` is the booking's total after it, in minor units.
    `changes` maps each field that changed to (old, new).
    When and why a booking was cancelled is in no field of its own: `at`, the actor, and whether the
    event had been called off tell it.
    `hash` chains it to the entries before it (`ticketing.domain.changes.chain`); None of what a
    version of before wrote.
    """

    event: str
    sequence: int
    action: Action
    booking: str | None
    customer: Customer | None
    tickets: int | None
    total: int | None
    sold: int
    waiting: int
    changes: Mapping[str, tuple[object, object]]
    actor: str
    at: datetime
    request_id: str
    hash: str | None = None

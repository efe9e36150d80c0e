"""The database's history: ordered steps, each done once, all of them before anything is served.

To add one: a module `mNNNN_what_it_does` with a docstring and `apply(db)`, idempotent, since a
crash between its work and its record makes it run again; then its line in `MIGRATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ticketing.storage.clients import Database
from ticketing.storage.migrations import (
    m0001_collections,
    m0002_bookings,
    m0003_users,
    m0004_cancellations,
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its name, which also gives the order, and the work."""

    name: str
    apply: Callable[[Database], None]


MIGRATIONS = (
    Migration("0001_collections", m0001_collections.apply),
    Migration("0002_bookings", m0002_bookings.apply),
    Migration("0003_users", m0003_users.apply),
    Migration("0004_cancellations", m0004_cancellations.apply),
)

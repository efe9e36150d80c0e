"""What brings a database of before up to date: steps that change what is stored, each done once.

Indexes and validators are no steps of their own: the last one compares the database with
`ticketing.storage.migrations.schema`, and does its work whenever they differ.

To add one: a module `mNNNN_what_it_does` with a docstring and `apply(db)`, idempotent, since a
crash between its work and its record makes it run again, and a database with nothing in it, not
even collections, is brought up to date as well; then its line in `MIGRATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ticketing.storage.driver.clients import Database
from ticketing.storage.migrations import (
    m0004_cancellations,
    m0005_deactivated_users,
    m0006_account_keys,
    m0007_customers,
    m0008_verified_addresses,
    m0009_sellers,
    m0010_updates,
    schema,
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its name, which also gives the order, and the work.

    A step is recorded once it is done; one with `is_needed` is never recorded, but looks each time.
    """

    name: str
    apply: Callable[[Database], None]
    is_needed: Callable[[Database], bool] | None = None


# Recorded in databases of before. They made indexes and validators, which the last step does now.
OF_BEFORE = frozenset({"0001_collections", "0002_bookings", "0003_users"})

MIGRATIONS = (
    Migration("0004_cancellations", m0004_cancellations.apply),
    Migration("0005_deactivated_users", m0005_deactivated_users.apply),
    Migration("0006_account_keys", m0006_account_keys.apply),
    Migration("0007_customers", m0007_customers.apply),
    Migration("0008_verified_addresses", m0008_verified_addresses.apply),
    Migration("0009_sellers", m0009_sellers.apply),
    Migration("0010_updates", m0010_updates.apply),
    Migration("schema", schema.ensure, is_needed=schema.is_behind),
)

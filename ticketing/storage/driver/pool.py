"""Tells how many connections to MongoDB there are, and how many of them are in use."""

from __future__ import annotations

from collections.abc import Callable

from pymongo import monitoring


class PoolWatch(monitoring.ConnectionPoolListener):
    """Reports each change of a client's connections: `opened(1)`, `taken(-1)` and so on."""

    def __init__(self, opened: Callable[[int], None], taken: Callable[[int], None]) -> None:
        self._opened = opened
        self._taken = taken

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        """Count one more."""
        self._opened(1)

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        """Count one less."""
        self._opened(-1)

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        """Count one more in use."""
        self._taken(1)

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        """Count one less in use."""
        self._taken(-1)

    # Nothing is counted of what else happens to a pool.

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None:
        """Pass over it."""

    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None:
        """Pass over it."""

    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None:
        """Pass over it."""

    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None:
        """Pass over it."""

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None:
        """Pass over it."""

    def connection_check_out_started(
        self, event: monitoring.ConnectionCheckOutStartedEvent
    ) -> None:
        """Pass over it."""

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:
        """Pass over it."""

"""Knows how many connections to MongoDB a process has, and how many of them are in use."""

from __future__ import annotations

from typing import Any

from pymongo import monitoring


class PoolWatch(monitoring.ConnectionPoolListener):
    """Follows a client's connections; safe for threads, since a set changes in one step.

    A commit takes and gives back some five of them, so nothing more than that is done here.
    """

    def __init__(self) -> None:
        self._open: set[Any] = set()
        self._in_use: set[Any] = set()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._open)

    @property
    def in_use(self) -> int:
        """How many of them somebody works with."""
        return len(self._in_use)

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        """Note one more."""
        self._open.add((event.address, event.connection_id))

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        """Note one less."""
        self._open.discard((event.address, event.connection_id))

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        """Note one more in use."""
        self._in_use.add((event.address, event.connection_id))

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        """Note one less in use."""
        self._in_use.discard((event.address, event.connection_id))

    # Nothing is noted of what else happens to a pool.

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

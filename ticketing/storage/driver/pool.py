"""How many connections to MongoDB a process has, and how many of them are in use."""

from __future__ import annotations

from ticketing.storage.driver.clients import Client
from ticketing.storage.driver.stale_connections import pools


class PoolWatch:
    """Counts a client's connections when it is asked.

    The driver could tell of each that is taken and given back, but a sale does that some twenty
    times: it was most of what metrics cost (docs/performance.md).
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def open(self) -> int:
        """How many connections there are."""
        return sum(len(pool.conns) + pool.active_sockets for pool in pools(self._client))

    @property
    def in_use(self) -> int:
        """How many of them somebody works with."""
        return sum(pool.active_sockets for pool in pools(self._client))

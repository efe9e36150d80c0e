"""Connections that were made to a node at the very moment of its start.

A node that has not read its configuration yet greets without sessions, and the driver remembers
that for as long as the connection lives. Once the node is well, every transaction that happens to
get this connection from the pool fails with a ConfigurationError, again and again: under `make
faults` that was an answer with 500 now and then, until the server was started anew. Nothing has
been sent in such a case, so it is safe to reset the connections and to try again.
"""

from __future__ import annotations

import structlog
from pymongo.errors import ConfigurationError, PyMongoError
from pymongo.synchronous.pool import Pool

from ticketing.storage.driver.clients import Client

log = structlog.get_logger(__name__)

_SAID = "Sessions are not supported"


def is_stale(error: PyMongoError) -> bool:
    """Return whether the driver takes a connection for one without sessions; nothing was sent."""
    return isinstance(error, ConfigurationError) and _SAID in str(error)


def reset_pool(client: Client, error: PyMongoError) -> bool:
    """Reset a client's connections where one of them was to blame; return whether it was.

    Each is made when it is next needed. This is what the driver does itself after a fork.
    """
    if not is_stale(error):
        return False
    log.warning("connections_renewed")
    for pool in pools(client):
        pool.reset_without_pause()
    return True


def pools(client: Client) -> list[Pool]:
    """Return the pool of each server that a client knows; the driver has no public way to them."""
    topology = client._topology  # noqa: SLF001 - None until somebody has asked something
    return [server.pool for server in list(topology._servers.values())] if topology else []  # noqa: SLF001

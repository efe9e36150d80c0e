"""A server's workers, as MongoDB knows them."""

from __future__ import annotations

import time
from http.client import HTTPException

from pymongo.read_concern import ReadConcern

from tests.system.server import Server
from ticketing.storage.driver.clients import Client


def connected_worker(client: Client, server: Server) -> tuple[int, str]:
    """Find a worker that MongoDB knows, and the name that it knows it by.

    The client sees the connections of all users, where it may.
    """
    admin = client.admin.with_options(read_concern=ReadConcern("local"))
    for _ in range(100):
        server.client().get("/readyz")
        operations = admin.aggregate([{"$currentOp": {"allUsers": True, "idleConnections": True}}])
        names = {operation.get("appName", "") for operation in operations}
        for pid in server.workers():
            for name in names:
                if f"-{pid}-" in name:
                    return pid, name
    raise AssertionError("no worker ever asked MongoDB")


def server_answers(server: Server, event_id: str) -> int:
    """Sell a ticket, on another connection where the killed worker had ours."""
    while True:
        try:
            return server.client().sell(event_id).status
        except (HTTPException, OSError):
            time.sleep(0.02)

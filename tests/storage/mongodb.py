"""A replica set for the tests: the embedded mongod, or a container where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymongo import MongoClient

from ticketing.server.mongod import Mongod, MongodError, find_mongod


@contextmanager
def replica_set(folder: Path) -> Iterator[str]:
    """Run a replica set of one node and give its URI."""
    try:
        find_mongod()
    except MongodError:
        with _in_container() as uri:
            yield uri
        return

    server = Mongod(folder, extra=["--setParameter", "enableTestCommands=1"])
    server.start()
    try:
        yield server.uri
    finally:
        server.kill()


@contextmanager
def _in_container() -> Iterator[str]:
    """For platforms without a packaged mongod, where a Docker engine answers."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    container = (
        DockerContainer("mongo:8")
        .with_command("--replSet tests --bind_ip_all")
        .with_exposed_ports(27017)
        .waiting_for(LogMessageWaitStrategy("Waiting for connections"))
    )
    with container:
        host, port = container.get_container_host_ip(), int(container.get_exposed_port(27017))
        with MongoClient(host, port, directConnection=True) as client:
            client.admin.command(
                "replSetInitiate", {"_id": "tests", "members": [{"_id": 0, "host": "localhost"}]}
            )
        yield f"mongodb://{host}:{port}/?directConnection=true"

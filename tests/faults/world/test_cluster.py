"""What the primary keeps open, and for whom."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.faults.world.cluster import Cluster
from tests.system.waiting import eventually
from ticketing.storage.driver.clients import connect


@pytest.mark.system
def test_tells_for_whom_a_transaction_is_kept_open(tmp_path: Path) -> None:
    with (
        Cluster(tmp_path, nodes=1) as cluster,
        connect(cluster.uri, appname="tests") as client,
        client.start_session() as session,
    ):
        assert cluster.left_open("127.0.0.1", 0) == 0

        session.start_transaction()
        client["office"]["events"].insert_one({"_id": "e1"}, session=session)

        assert cluster.left_open("127.0.0.1", 0) == 1
        assert cluster.left_open("127.0.0.2", 0) == 0
        assert cluster.left_open("127.0.0.1", 60) == 0
        assert eventually(partial(cluster.left_open, "127.0.0.1", 0.5), "open for so long") == 1

        session.abort_transaction()

        assert cluster.left_open("127.0.0.1", 0) == 0

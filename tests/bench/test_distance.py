"""A MongoDB that is further away than it is."""

from __future__ import annotations

import time
from contextlib import ExitStack

from pymongo import MongoClient

from bench.load.distance import far_away

ROUND_TRIP_S = 0.05


def test_everything_gets_there_and_back_in_order_and_later(mongodb_uri):
    with ExitStack() as stack:
        uri = stack.enter_context(far_away(mongodb_uri, ROUND_TRIP_S))
        client = stack.enter_context(MongoClient(uri))
        client.admin.command("ping")
        begun = time.monotonic()
        told = [client.admin.command({"echo": 1, "n": n})["echo"]["n"] for n in range(3)]
        took = time.monotonic() - begun

    assert told == [0, 1, 2]
    assert took >= 3 * ROUND_TRIP_S, "no question was answered sooner"

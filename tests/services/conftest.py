"""Offices, and a MongoDB that fails when it is told to."""

from __future__ import annotations

import pytest

from ticketing.app import now
from ticketing.domain.keeping import Answer
from ticketing.services.groups import Asker, Keep
from ticketing.services.office import Office


def an_office(mongo, db, **known) -> Office:
    values = {"group_size": 128, "wait_s": 4, "commit_s": 8}
    return Office(mongo, db, now, **{**values, **known})


def keyed(key="k1") -> Asker:
    return Asker("ada", "r1", Keep("ada", key, "f", lambda outcome: Answer(201, {}, b"sold")))


@pytest.fixture
def failing(mongo):
    """Have MongoDB fail commands, as its own tests do."""

    def fail(times, **data):
        mode = {"times": times} if times else "alwaysOn"
        mongo.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})

    yield fail
    mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})

"""Offices, and a MongoDB that fails when it is told to."""

from __future__ import annotations

from typing import Any

import pytest

from ticketing.domain.identity.caller import Caller
from ticketing.services.writes.batch import IdempotencyKey
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.writes.idempotency import StoredResponse


def a_handler(mongo, db, clock=utc_now, **known) -> CommandHandler:
    values = {"group_size": 128, "wait_s": 4, "commit_s": 8}
    return CommandHandler(mongo, db, clock, **{**values, **known})


def keyed(key="k1") -> dict[str, Any]:
    """Whose key it is, and which, as the handler takes them."""
    return {"caller": Caller("ada", "r1"), "key": IdempotencyKey("ada", key, "f", _respond)}


def _respond(_: object) -> StoredResponse:
    return StoredResponse(201, {}, b"sold")


@pytest.fixture
def failing(mongo):
    """Have MongoDB fail commands, as its own tests do."""

    def fail(times, **data):
        mode = {"times": times} if times else "alwaysOn"
        mongo.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})

    yield fail
    mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})

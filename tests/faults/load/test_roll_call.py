"""Nothing of the API is left out of the load by oversight."""

from __future__ import annotations

import json

import pytest

from tests.faults.judging.kinds import BRIEFS, KINDS, LEFT_OUT
from tests.faults.load.history import route_of
from tests.system.runs import ticketing

ID = "6f1e0d4c1b2a3f4e5d6c7b8a"


@pytest.fixture(scope="module")
def operations() -> set[str]:
    """All operations of the OpenAPI document."""
    paths = json.loads(ticketing("openapi").stdout)["paths"]
    return {
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        for method in operations
        if method != "parameters"
    }


def test_every_operation_is_asked_for_or_left_out_for_a_reason(operations: set[str]) -> None:
    assert operations - {*KINDS.values(), *LEFT_OUT} == set()


def test_leaves_out_nothing_that_is_asked_for_or_not_there(operations: set[str]) -> None:
    assert LEFT_OUT.keys() <= operations
    assert LEFT_OUT.keys() & KINDS.values() == set()


def test_asks_for_no_operation_that_is_not_there(operations: set[str]) -> None:
    of_the_api = {route for route in KINDS.values() if " /api/" in route} | BRIEFS.keys()

    assert of_the_api <= operations


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "GET /"),
        (f"/api/v1/transactions/summary?event={ID}", "GET /api/v1/transactions/summary"),
        (f"/api/v1/bookings/{ID}/move", "GET /api/v1/bookings/{id}/move"),
    ],
)  # fmt: skip
def test_knows_an_id_in_a_path(path: str, route: str) -> None:
    assert route_of("GET", path) == route
